//! What people chose about deferred actions: finds the choice that is meant for a situation.
//!
//! Pure. A choice counts as long as the value that waits is the one that the person saw.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Choice, CodeKey, Decision, DeferredKind, ExternalId, ProductId};

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
    /// What was said of codes that many products list, by code; each with whose deferred action it was said on.
    pub shared: BTreeMap<CodeKey, &'a Decision>,
}

impl<'a> Decisions<'a> {
    pub fn new(all: &'a [Decision]) -> Self {
        let mut out = Self::default();
        for decision in all {
            out.by_key.insert((&decision.external_id, decision.kind, &*decision.subject), decision);
            let about_code = matches!(
                decision.kind,
                DeferredKind::DuplicateClaim | DeferredKind::ForeignHolder | DeferredKind::SecondHolder
            );
            if about_code && decision.choice == Choice::Give {
                let key = CodeKey::of(&decision.subject);
                let alone = decision.kind == DeferredKind::DuplicateClaim;
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
        let real = self.shared.get(key).is_some_and(|d| d.choice == Choice::Code);
        products > policy.max_products_per_barcode && !real
    }

    /// What was chosen about a value that waits.
    pub fn choice(&self, id: &ExternalId, kind: DeferredKind, subject: &str, value: &str) -> Option<Choice> {
        let decision = self.by_key.get(&(id, kind, subject))?;
        (decision.value == value && kind.choices().contains(&decision.choice)).then_some(decision.choice)
    }

    /// What was chosen about who an external product is: to link it to a product, or to create it (`None`).
    pub fn identity(&self, id: &ExternalId) -> Option<Option<ProductId>> {
        let kinds = [DeferredKind::AmbiguousMatch, DeferredKind::OtherCompany, DeferredKind::ProductGone];
        let decision = kinds.into_iter().find_map(|kind| self.by_key.get(&(id, kind, "")))?;
        match decision.choice {
            Choice::Create => Some(None),
            Choice::Link => decision.product.map(Some),
            Choice::Give | Choice::Keep | Choice::Take | Choice::Placeholder | Choice::Code | Choice::Abandon => None,
        }
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
