//! The three-way comparison of one field: what we wrote, what the source says now, what Odoo has now.
//!
//! Pure.

use super::action::Reason;
use super::policy::FieldPolicy;

/// What is to be done with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Odoo has what the source says.
    Same,
    /// Write it.
    Write(Reason),
    /// Odoo's edit stays.
    Leave,
    /// A person decides.
    Ask,
}

/// What is known of one field of a linked product.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// Odoo has what the source says.
    pub same: bool,
    /// The source says something else than what was handled last.
    pub source_changed: bool,
    /// Odoo no longer has what we wrote.
    pub odoo_edited: bool,
    /// A person chose what Odoo has over what the source said last.
    pub kept: bool,
}

/// Decides one field.
pub(super) fn three_way(facts: Facts, policy: FieldPolicy) -> Verdict {
    match (facts, policy) {
        (Facts { same: true, .. }, _) => Verdict::Same,
        (Facts { kept: true, source_changed: false, .. }, _) => Verdict::Leave,
        (Facts { odoo_edited: false, .. }, _) => Verdict::Write(Reason::SourceChanged),
        (Facts { source_changed, .. }, FieldPolicy::Source) => {
            Verdict::Write(if source_changed { Reason::BothChanged } else { Reason::Drift })
        }
        (_, FieldPolicy::Odoo) => Verdict::Leave,
        (_, FieldPolicy::Ask) => Verdict::Ask,
    }
}

/// The same for a product that is being adopted: there is nothing that we wrote, and the source's values are to be taken
/// over unless the policy says otherwise.
pub(super) fn adopted(same: bool, policy: FieldPolicy) -> Verdict {
    match (same, policy) {
        (true, _) => Verdict::Same,
        (false, FieldPolicy::Source) => Verdict::Write(Reason::Adopted),
        (false, FieldPolicy::Odoo) => Verdict::Leave,
        (false, FieldPolicy::Ask) => Verdict::Ask,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case() {
        use FieldPolicy::{Ask, Odoo, Source};
        let facts = |same, source_changed, odoo_edited| Facts { same, source_changed, odoo_edited, kept: false };
        let kept = |f: Facts| Facts { kept: true, ..f };
        for (f, policy, verdict) in [
            (facts(true, true, true), Ask, Verdict::Same),
            (facts(false, true, false), Odoo, Verdict::Write(Reason::SourceChanged)),
            (facts(false, false, false), Ask, Verdict::Write(Reason::SourceChanged)),
            (facts(false, false, true), Source, Verdict::Write(Reason::Drift)),
            (facts(false, true, true), Source, Verdict::Write(Reason::BothChanged)),
            (facts(false, false, true), Odoo, Verdict::Leave),
            (facts(false, true, true), Odoo, Verdict::Leave),
            (facts(false, false, true), Ask, Verdict::Ask),
            (kept(facts(true, false, true)), Source, Verdict::Same),
            (kept(facts(false, false, false)), Source, Verdict::Leave),
            (kept(facts(false, false, true)), Ask, Verdict::Leave),
            (kept(facts(false, true, false)), Odoo, Verdict::Write(Reason::SourceChanged)),
        ] {
            assert_eq!(three_way(f, policy), verdict, "{f:?} {policy:?}");
        }
    }
}
