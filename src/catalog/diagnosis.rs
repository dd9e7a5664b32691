//! What an examination found: one check a line, and what to do about it.

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// A run works, and somebody should look.
    Warning,
    /// A run would not work.
    Failed,
    /// It could not be tried, as something before it failed or was refused.
    Skipped,
}

impl CheckState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Warning, Self::Failed, Self::Skipped];

    /// A stable word, for people and programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// A stable name, such as `login`.
    pub name: &'static str,
    /// How it came out.
    pub state: CheckState,
    /// What was found; a fragment.
    pub says: String,
    /// What to do; for everything but what is as it should be.
    pub cure: Option<String>,
}

impl Check {
    /// As it should be.
    #[must_use]
    pub fn ok(name: &'static str, says: impl Into<String>) -> Self {
        Self { name, state: CheckState::Ok, says: says.into(), cure: None }
    }

    /// Somebody should look.
    #[must_use]
    pub fn warning(name: &'static str, says: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { name, state: CheckState::Warning, says: says.into(), cure: Some(cure.into()) }
    }

    /// A run would not work.
    #[must_use]
    pub fn failed(name: &'static str, says: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { name, state: CheckState::Failed, says: says.into(), cure: Some(cure.into()) }
    }

    /// It could not be tried.
    #[must_use]
    pub fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, state: CheckState::Skipped, says: why.into(), cure: None }
    }
}

/// What was looked at in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// `Machine`, `Source polonez`, `Odoo`.
    pub title: String,
    /// In the order in which they were made.
    pub checks: Vec<Check>,
}

/// All of an examination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// Place by place.
    pub areas: Vec<Area>,
}

impl Diagnosis {
    /// How many checks came out so.
    #[must_use]
    pub fn count(&self, state: CheckState) -> usize {
        self.areas.iter().flat_map(|area| &area.checks).filter(|check| check.state == state).count()
    }
}
