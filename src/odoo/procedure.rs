//! The procedures: server actions that `setup` installs and every run calls. Each call is one transaction in Odoo.

use md5::{Digest, Md5};

/// A procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Procedure {
    /// What a run must know before it begins.
    Hello,
    /// Takes and gives back the lease.
    Lease,
    /// Which links the source may say something new about, and which need a look.
    Digest,
    /// Pages of links with their products.
    Snapshot,
    /// Existing products and holders of barcodes.
    Lookup,
    /// New products with links and history.
    Create,
    /// Names, prices and links of existing products.
    Update,
    /// Barcodes of existing products.
    Move,
    /// Deferred actions and the end of a run.
    Report,
    /// Pages of all barcodes, and of links with theirs.
    Barcodes,
    /// Takes away what was recorded long ago.
    Prune,
}

impl Procedure {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Hello,
        Self::Lease,
        Self::Digest,
        Self::Snapshot,
        Self::Lookup,
        Self::Create,
        Self::Update,
        Self::Move,
        Self::Report,
        Self::Barcodes,
        Self::Prune,
    ];

    /// The word under which `x_pz_setup` keeps its id.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Lease => "lease",
            Self::Digest => "digest",
            Self::Snapshot => "snapshot",
            Self::Lookup => "lookup",
            Self::Create => "create",
            Self::Update => "update",
            Self::Move => "move",
            Self::Report => "report",
            Self::Barcodes => "barcodes",
            Self::Prune => "prune",
        }
    }

    /// All of the code but what says which it is.
    fn work(self, odoo: u32) -> String {
        let prelude = include_str!("procedures/prelude.py");
        let writing = include_str!("procedures/writing.py");
        let (is_writing, body) = match self {
            Self::Hello => (false, include_str!("procedures/hello.py")),
            Self::Lease => (false, include_str!("procedures/lease.py")),
            Self::Digest => {
                (false, concat!(include_str!("procedures/judging.py"), include_str!("procedures/digest.py")))
            }
            Self::Snapshot => (false, include_str!("procedures/snapshot.py")),
            Self::Lookup => (false, include_str!("procedures/lookup.py")),
            Self::Create => (true, include_str!("procedures/create.py")),
            Self::Update => (true, include_str!("procedures/update.py")),
            Self::Move => (true, include_str!("procedures/move.py")),
            Self::Report => (true, include_str!("procedures/report.py")),
            Self::Barcodes => (false, include_str!("procedures/barcodes.py")),
            // Without a lease: see there.
            Self::Prune => (false, include_str!("procedures/prune.py")),
        };
        // Packaging barcodes moved from product.packaging to product.uom in 19; the table of an action's groups has kept
        // its name throughout.
        let packaging = if odoo >= 19 { "product_uom" } else { "product_packaging" };
        let writing = if is_writing { writing } else { "" };
        // A run that was stopped still tells what it did.
        let pauses = if self == Self::Report { "False" } else { "True" };
        let code = format!(
            "ODOO = {odoo}\nPACKAGING = '{packaging}'\nACTION_GROUPS = 'ir_act_server_group_rel'\nPAUSES = {pauses}\n{prelude}{writing}{body}"
        );
        // Odoo strips the code of an action before it runs it; we store it so, for the checksum's sake.
        code.trim().to_owned()
    }

    /// The Python code for an Odoo version: what all begin with, what writing ones go on with, and its own part.
    #[must_use]
    pub fn code(self, odoo: u32) -> String {
        format!(
            "# erpsync {}: installed by `erpsync setup`, checked at every run; do not edit.\nCODE = '{}'\n{}",
            self.name(),
            self.mark(odoo),
            self.work(odoo)
        )
    }

    /// What each question carries, so that no other version's procedure answers it.
    #[must_use]
    pub fn mark(self, odoo: u32) -> String {
        md5(&self.work(odoo))
    }

    /// `md5(code)` as PostgreSQL computes it.
    #[must_use]
    pub fn checksum(self, odoo: u32) -> String {
        md5(&self.code(odoo))
    }
}

fn md5(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_procedures_check_the_lease_first() {
        for procedure in [Procedure::Create, Procedure::Update, Procedure::Move, Procedure::Report] {
            let code = procedure.code(19);
            let first = code.find("cr.execute(\n    \"UPDATE x_pz_lane").expect("the lane's row is updated");
            let read = code[..first].lines().any(|line| line.starts_with("cr.execute("));
            assert!(!read, "{} asks the database before it has checked the lease", procedure.name());
        }
    }

    #[test]
    fn nothing_that_odoo_forbids() {
        for procedure in Procedure::ALL {
            for version in 14..=19 {
                let code = procedure.code(version);
                for (number, line) in code.lines().enumerate() {
                    let names_dunder =
                        line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w.starts_with("__"));
                    let word = |w: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|x| x == w);
                    let forbidden =
                        !line.trim_start().starts_with('#') && (names_dunder || word("import") || word("with"));
                    assert!(!forbidden, "{} line {}: {line}", procedure.name(), number + 1);
                }
            }
        }
    }

    #[test]
    fn checksums_tell_versions_apart() {
        assert_ne!(Procedure::Create.checksum(14), Procedure::Create.checksum(19));
        assert_ne!(Procedure::Create.mark(14), Procedure::Create.mark(19));
        assert_ne!(Procedure::Create.mark(19), Procedure::Update.mark(19));
    }
}
