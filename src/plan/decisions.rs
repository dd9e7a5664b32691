//! What people chose about deferred actions: finds the choice that is meant for a situation.
//!
//! Pure. A choice counts as long as the value that waits is the one that the person saw.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Choice, CodeKey, Decision, DeferredKind, ExternalId};

use super::action::{Deferred, Settled};
use super::assign::Given;
use super::policy::Policy;

/// The decisions of a source, by what they are about.
#[derive(Debug, Default)]
pub(super) struct Decisions<'a> {
    by_key: BTreeMap<(&'a ExternalId, DeferredKind, &'a str), &'a Decision>,
    /// To whom a code was given.
    pub given: BTreeMap<CodeKey, Given>,
    /// Which codes were given to several, and so to nobody.
    disputed: BTreeSet<CodeKey>,
    /// Codes that a person gave to one of their claimants: whatever was said, that they are codes was said with it.
    real: BTreeSet<CodeKey>,
    /// What was said of codes that many products list, by code; each with whose deferred action it was said on.
    pub shared: BTreeMap<CodeKey, &'a Decision>,
}

impl<'a> Decisions<'a> {
    /// `lists` says whether an id lists a code, as far as is known.
    pub fn new(all: &'a [Decision], lists: impl Fn(&ExternalId, &CodeKey) -> bool) -> Self {
        let mut out = Self::default();
        for decision in all {
            out.by_key.insert((&decision.external_id, decision.kind, &*decision.subject), decision);
            let about_code = matches!(
                decision.kind,
                DeferredKind::DuplicateClaim | DeferredKind::ForeignHolder | DeferredKind::SecondHolder
            );
            let key = CodeKey::of(&decision.subject);
            // Who does not list it any more was given nothing.
            if about_code && decision.choice == Choice::Give && lists(&decision.external_id, &key) {
                let alone = decision.kind == DeferredKind::DuplicateClaim;
                if alone {
                    out.real.insert(key.clone());
                }
                let given = out.given.entry(key.clone()).or_insert(Given { to: decision.external_id.clone(), alone });
                given.alone |= alone;
                if given.to != decision.external_id {
                    out.disputed.insert(key);
                }
            }
        }
        let shared = all.iter().filter(|d| d.kind == DeferredKind::Placeholder && d.kind.choices().contains(&d.choice));
        out.shared.extend(shared.map(|d| (CodeKey::of(&d.subject), d)));
        for key in &out.disputed {
            out.given.remove(key);
        }
        out
    }

    /// What the shop takes for no code.
    pub fn is_placeholder(&self, key: &CodeKey) -> bool {
        self.shared.get(key).is_some_and(|d| d.choice == Choice::Placeholder)
    }

    /// Is it a code of which nobody can tell whose it is, listed at so many products?
    pub fn is_shared(&self, key: &CodeKey, products: usize, policy: &Policy) -> bool {
        let said = self.shared.get(key).is_some_and(|d| d.choice == Choice::Code);
        products > policy.max_products_per_barcode && !said && !self.real.contains(key)
    }

    /// The spelling in which a person was asked about this code: a choice is not forgotten because the source spells the
    /// code otherwise by now.
    pub fn spelling<'c>(&'c self, id: &ExternalId, kind: DeferredKind, code: &'c str) -> &'c str {
        let key = CodeKey::of(code);
        let asked = self.by_key.range((id, kind, "")..).map(|(key, _)| *key);
        let mut asked = asked.take_while(|(of, about, _)| (*of, *about) == (id, kind)).map(|(_, _, subject)| subject);
        asked.find(|subject| CodeKey::of(subject) == key).unwrap_or(code)
    }

    /// What was chosen about a value that waits.
    pub fn choice(&self, id: &ExternalId, kind: DeferredKind, subject: &str, value: &str) -> Option<Choice> {
        let decision = self.by_key.get(&(id, kind, subject))?;
        (decision.value == value && kind.choices().contains(&decision.choice)).then_some(decision.choice)
    }

    /// What was chosen about who an external product is: to link it to a product, or to create it (no product).
    pub fn identity(&self, id: &ExternalId) -> Option<&'a Decision> {
        let kinds = [DeferredKind::AmbiguousMatch, DeferredKind::OtherCompany, DeferredKind::ProductGone];
        let decision = kinds.into_iter().find_map(|kind| self.by_key.get(&(id, kind, "")))?;
        (decision.link().is_some() || decision.choice == Choice::Create).then_some(decision)
    }

    /// Marks what a person settled, and says where a choice cannot be carried out.
    pub fn settle(&self, deferred: &mut Deferred) {
        if deferred.settled.is_some() {
            return;
        }
        let made = self.by_key.get(&(&deferred.external_id, deferred.kind, deferred.subject.as_str())).copied();
        let choice = self.choice(&deferred.external_id, deferred.kind, &deferred.subject, &deferred.value);
        match choice {
            None => {
                if let Some(made) = made.filter(|d| !deferred.kind.choices().contains(&d.choice)) {
                    deferred.message += &format!("; the choice {:?} is none for this", made.choice.code());
                }
            }
            Some(Choice::Abandon) => deferred.settled = Some(Settled::Abandoned),
            Some(Choice::Keep | Choice::Placeholder | Choice::Code) => deferred.settled = Some(Settled::Decided),
            Some(Choice::Give) if self.disputed.contains(&CodeKey::of(&deferred.subject)) => {
                deferred.message +=
                    "; it was given to several products by hand: take all but one of these choices back";
            }
            Some(choice @ (Choice::Give | Choice::Link | Choice::Create | Choice::Take)) => {
                deferred.message += &format!("; the choice {:?} cannot be carried out as things are", choice.code());
            }
        }
    }
}
