//! What can go wrong with a call.

use erpsync_sandbox::proxy::{Fate, Passing};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nobody listens, until the program has noticed.
    Refused,
    CutBefore,
    CutAfter,
    Status500,
    Status502,
    Status503,
    Status504,
    Status502After,
    /// HTML with status 200, as of a captive portal.
    Page,
    HalfAnswer,
    /// The answer does not come within `odoo.timeout`.
    Silence,
    SessionGone,
    /// The request arrives twice; the first copy's answer comes back.
    TwiceFirst,
    /// The request arrives twice; the second copy's answer comes back.
    TwiceSecond,
    /// A copy of the request arrives after the run.
    LateCopy,
    /// From this call on nobody listens.
    Away,
    /// The answer is lost, and from then on nobody listens.
    AwayAfter,
}

use Kind::*;

/// In the order in which the whole tries them: first where Odoo did something that the program does not know of.
pub const ALL: [Kind; 17] = [
    CutAfter,
    AwayAfter,
    TwiceFirst,
    TwiceSecond,
    LateCopy,
    HalfAnswer,
    Silence,
    Status502After,
    Away,
    Refused,
    CutBefore,
    Page,
    SessionGone,
    Status500,
    Status502,
    Status503,
    Status504,
];

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Refused => "refused",
            CutBefore => "cut before",
            CutAfter => "cut after",
            Status500 => "500",
            Status502 => "502",
            Status503 => "503",
            Status504 => "504",
            Status502After => "502 after",
            Page => "page",
            HalfAnswer => "half answer",
            Silence => "silence",
            SessionGone => "session gone",
            TwiceFirst => "twice, first",
            TwiceSecond => "twice, second",
            LateCopy => "late copy",
            Away => "away",
            AwayAfter => "away after",
        }
    }

    /// The server never comes back.
    pub fn is_lasting(self) -> bool {
        matches!(self, Away | AwayAfter)
    }

    /// The first request that nobody hears.
    pub fn refuses_from(self, call: usize) -> Option<usize> {
        match self {
            Refused | Away => Some(call),
            AwayAfter => Some(call + 1),
            _ => None,
        }
    }

    /// What becomes of the call that it strikes.
    pub fn fate(self) -> Fate {
        match self {
            // The proxy refuses before there is a request.
            Refused | Away => Fate::Pass,
            CutBefore => Fate::Drop,
            CutAfter | AwayAfter => Fate::LoseAnswer,
            Status500 => Fate::Page(500),
            Status502 => Fate::Page(502),
            Status503 => Fate::Page(503),
            Status504 => Fate::Page(504),
            Status502After => Fate::PageAfter(502),
            Page => Fate::Page(200),
            HalfAnswer => Fate::HalfAnswer,
            Silence => Fate::HoldAnswer,
            SessionGone => Fate::ForgetSession,
            TwiceFirst => Fate::TwiceFirst,
            TwiceSecond => Fate::Twice,
            LateCopy => Fate::Again,
        }
    }

    /// May the run end so, if without the fault it ends with `usual`?
    pub fn may_end(self, status: i32, usual: i32, call: &Call) -> bool {
        // Without a fault in the answer nothing is noticed at all.
        if self == LateCopy {
            return status == usual;
        }
        // Whatever answers the first question with a page of its own is no Odoo: wrong configuration.
        let no_odoo = self == Page && call.name == "web/webclient/version_info";
        // 69: given up. 4: done, but for what the plan no longer met.
        [usual, 69, 4].contains(&status) || no_odoo && status == 78
    }
}

/// A call of the transition without faults.
#[derive(Debug, Clone)]
pub struct Call {
    pub number: usize,
    pub name: String,
    pub in_session: bool,
}

impl Call {
    pub fn of(passing: &Passing) -> Self {
        Self { number: passing.number, name: passing.name.clone(), in_session: passing.in_session }
    }

    /// JSON-2 knows no sessions, and a login has none yet.
    pub fn can_meet(&self, kind: Kind) -> bool {
        kind != SessionGone || self.in_session
    }
}
