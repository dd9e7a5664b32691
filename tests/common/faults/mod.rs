//! A fault at each call of a run that changes everything, and SIGKILL at random moments: the same on the stand-ins and on
//! real Odoos.

pub mod kills;
pub mod kinds;
pub mod matrix;
pub mod place;
pub mod story;
pub mod trial;
