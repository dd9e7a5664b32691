//! Writes through the procedures: rows in, one answer a row out. Each call is one transaction and safe to repeat.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::catalog::{Aspect, DeferredKind, ExternalId, SourceName};

use super::error::OdooError;
use super::lease::{self, Lease, Pause};
use super::procedure::Procedure;
use super::session::Session;
use super::setup::schema::LANES;

/// A new product.
#[derive(Debug, Clone, Serialize)]
pub struct CreateRow {
    /// The external id.
    pub external_id: String,
    /// The name.
    pub name: String,
    /// The price for Odoo; `None` creates the product unsaleable.
    pub price: Option<f64>,
    /// The source's price as decimal text.
    pub said_price: Option<String>,
    /// The same after rounding; zero without a price, none where the source says zero.
    pub wrote_price: Option<String>,
    /// The barcode.
    pub barcode: Option<String>,
    /// All listed barcodes, one a line.
    pub said_barcodes: String,
    /// Codes for packagings or units.
    pub extras: Vec<String>,
    /// The link is there and lost its product.
    pub relink: bool,
}

/// A name or price to write, or a link to make or mend.
#[derive(Debug, Clone, Serialize)]
pub struct UpdateRow {
    /// The external id.
    pub external_id: String,
    /// The name that the link shows.
    pub label: String,
    /// The variant.
    pub product: i64,
    /// Its template.
    pub template: i64,
    /// The rule by which an unlinked product was recognised.
    pub adopt: Option<&'static str>,
    /// A new name.
    pub name: Option<NameRow>,
    /// A new price.
    pub price: Option<PriceRow>,
    /// `archive` or `reactivate`.
    pub activity: Option<&'static str>,
    /// Whether the source has the product, where that changes.
    pub missing: Option<bool>,
    /// What the link remembers, by field.
    pub link: BTreeMap<&'static str, Value>,
}

/// A new name.
#[derive(Debug, Clone, Serialize)]
pub struct NameRow {
    /// The name, by language.
    pub new: BTreeMap<String, String>,
    /// What the plan saw, by language.
    pub old: BTreeMap<String, String>,
    /// Why, for the history.
    pub cause: &'static str,
}

/// A new price.
#[derive(Debug, Clone, Serialize)]
pub struct PriceRow {
    /// The price for Odoo.
    pub new: f64,
    /// The same as decimal text.
    pub new_text: String,
    /// What the plan saw, in PostgreSQL's words.
    pub old: String,
    /// The same as decimal text.
    pub old_text: String,
    /// Why, for the history.
    pub cause: &'static str,
}

/// A barcode to move.
#[derive(Debug, Clone, Serialize)]
pub struct MoveRow {
    /// The external id.
    pub external_id: String,
    /// The variant.
    pub product: i64,
    /// What the plan saw.
    pub old: Option<String>,
    /// The new code.
    pub new: Option<String>,
    /// All listed barcodes, one a line, if they are to be remembered.
    pub said_barcodes: Option<String>,
    /// Codes for packagings or units.
    pub add: Vec<String>,
    /// Codes to take away from packagings or units.
    pub remove: Vec<String>,
    /// The codes on packagings or units that the link remembers, one a line, if they change.
    pub wrote_extras: Option<String>,
    /// The product has no link: it loses its code to `external_id`.
    pub outside: bool,
    /// Why, for the history.
    pub cause: &'static str,
}

/// A deferred action to keep open.
#[derive(Debug, Clone, Serialize)]
pub struct DeferredRow {
    /// The external id.
    pub external_id: String,
    /// Its kind.
    pub kind: &'static str,
    /// The barcode or field.
    pub subject: String,
    /// The Odoo product that has the barcode.
    pub holder: Option<i64>,
    /// Among which to choose.
    pub candidates: Vec<i64>,
    /// The value that waits.
    pub value: String,
    /// The possible choices, separated by blanks.
    pub choices: String,
    /// `decided` or `abandoned`: a person settled it.
    pub settled: Option<&'static str>,
    /// What waits and why.
    pub message: String,
}

/// Which deferred actions a run speaks of: the others stay as they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spoken<'a> {
    /// Only those of these products.
    pub scope: Option<&'a [ExternalId]>,
    /// Only these kinds with these subjects.
    pub about: Option<&'a [(&'static str, &'static str)]>,
    /// Products for which not all was done that the plan foresaw: what a person chose about them still stands.
    pub undone: &'a [ExternalId],
    /// What the run could not look at, by product: what waits about it is neither settled nor gone.
    pub unevaluated: &'a [(ExternalId, Vec<Aspect>)],
    /// The run ended before its plan did: all that people chose still stands.
    pub cut_short: bool,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The product was created; the second is the product that had its barcode meanwhile.
    Created(i64, Option<i64>),
    /// A link was there already: an earlier copy of the call created the product.
    Known,
    /// Written, or found written.
    Done,
    /// Odoo refused it, in its words.
    Refused(String),
    /// Somebody edited it meanwhile.
    Overtaken(String),
}

/// A lane: calls in different ones may be on their way at the same time, two in one wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lane(u8);

impl Lane {
    /// How many lanes there are besides the first.
    pub const OTHERS: usize = LANES as usize - 1;
    /// The lane of barcodes, and of everything when there is one connection.
    pub const FIRST: Self = Self(0);

    /// The lanes to use side by side with so many connections: the first alone, or so many others.
    pub fn side_by_side(connections: usize) -> impl Iterator<Item = Self> {
        let others = 1..=u8::try_from(connections.min(Self::OTHERS)).unwrap_or(u8::MAX);
        let range = if connections <= 1 { 0..=0 } else { others };
        range.map(Self)
    }
}

/// The lease that a run holds, and what its calls carry.
#[derive(Debug)]
pub struct Writer<'a> {
    session: &'a Session,
    source: SourceName,
    token: String,
    /// The run's id in text, which begins every operation key.
    pub key: String,
    run: i64,
    seconds: u64,
    lane: Lane,
}

/// The run's line at its end.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Finish {
    /// A word or two.
    pub status: String,
    /// The report's last line.
    pub summary: String,
    /// Products created.
    pub created: usize,
    /// Products changed.
    pub changed: usize,
    /// Barcodes moved.
    pub barcodes: usize,
    /// Rows refused.
    pub refused: usize,
}

/// What the end of a run found.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// Deferred actions opened.
    pub opened: usize,
    /// Closed.
    pub closed: usize,
    /// Open now.
    pub open: usize,
    /// Barcodes at two active products.
    pub duplicates: Vec<String>,
}

/// Who takes a lease.
#[derive(Debug, Clone)]
pub struct Holder {
    /// A random token.
    pub token: String,
    /// The run's id.
    pub key: String,
    /// Machine and process, for people.
    pub name: String,
    /// The command, for the run's line.
    pub command: String,
    /// How long the lease lasts without a call.
    pub seconds: u64,
}

impl<'a> Writer<'a> {
    /// Asks for the lease.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn take(session: &'a Session, source: &SourceName, holder: Holder) -> Result<Lease<'a>, OdooError> {
        let question = json!({
            "what": "take", "token": holder.token, "key": holder.key, "holder": holder.name, "seconds": holder.seconds,
            "source": source.as_str(), "command": holder.command,
            // Compared with what was read: whoever wrote it meanwhile is not overwritten, and the next run says it again.
            "sources": {"old": session.remembered_order, "new": session.order.text()},
        });
        let answer = session.ask(Procedure::Lease, question).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if let Some(run) = answer["taken"].as_i64() {
            let Holder { token, key, seconds, .. } = holder;
            return Ok(Lease::Taken(Self {
                session,
                source: source.clone(),
                token,
                key,
                run,
                seconds,
                lane: Lane::FIRST,
            }));
        }
        if let Some(pause) = Pause::of(&answer) {
            return Ok(Lease::Paused(pause));
        }
        let busy = &answer["busy"];
        Ok(Lease::Busy { holder: text(&busy["holder"]), until: text(&busy["until"]) })
    }

    /// Holds the lease for as long again. Says so when the pause switch was set meanwhile.
    ///
    /// # Errors
    /// [`OdooError::LeaseLost`] when another run had it since it was taken, even if it is free again by now; otherwise when
    /// the call fails.
    pub async fn renew(&self) -> Result<Option<Pause>, OdooError> {
        let question = json!({"what": "renew", "token": self.token, "seconds": self.seconds});
        let answer = self.session.ask(Procedure::Lease, question).await?;
        if answer["leased"] == true { Ok(Pause::of(&answer)) } else { Err(OdooError::LeaseLost) }
    }

    /// Gives the lease back.
    ///
    /// # Errors
    /// When the call fails; the lease then ends by itself.
    pub async fn release(self) -> Result<(), OdooError> {
        lease::release(self.session, &self.token).await
    }

    /// How long the lease lasts without a call.
    #[must_use]
    pub fn lasts(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// The lease's token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The same writer in another lane.
    #[must_use]
    pub fn in_lane(&self, lane: Lane) -> Self {
        Self { lane, source: self.source.clone(), token: self.token.clone(), key: self.key.clone(), ..*self }
    }

    fn question(&self) -> Value {
        json!({
            "source": self.source.as_str(), "token": self.token, "key": self.key, "run": self.run, "seconds": self.seconds,
            "lane": self.lane.0,
        })
    }

    /// Creates products; `default_code` writes the external id as internal reference.
    ///
    /// # Errors
    /// When the call fails as a whole, the lease is lost, or synchronisation is paused.
    pub async fn create(
        &self,
        rows: &[CreateRow],
        default_code: bool,
    ) -> Result<BTreeMap<ExternalId, Answer>, OdooError> {
        let mut question = self.question();
        question["constants"] = self.session.constants.clone();
        question["default_code"] = json!(default_code);
        self.write(Procedure::Create, question, "rows", rows, |row| row.external_id.clone()).await
    }

    /// Writes rows, in as many calls as it takes.
    async fn write<T: Serialize>(
        &self,
        procedure: Procedure,
        question: Value,
        key: &str,
        rows: &[T],
        name: impl Fn(&T) -> String,
    ) -> Result<BTreeMap<ExternalId, Answer>, OdooError> {
        let (mut out, mut left) = (BTreeMap::new(), rows);
        loop {
            let part = |n: usize| {
                let mut question = question.clone();
                question[key] = left.iter().take(n).map(|row| json!(row)).collect();
                question
            };
            let asking = self.session.ask_some(procedure, left.len().max(1), part).await;
            let one = || format!("product {}", left.first().map(&name).unwrap_or_default());
            let (answer, n) = asking.map_err(|error| error.alone(one))?;
            out.extend(answers(&answer)?);
            left = left.get(n..).unwrap_or_default();
            if left.is_empty() {
                return Ok(out);
            }
        }
    }

    /// Writes names, prices and links.
    ///
    /// # Errors
    /// When the call fails as a whole, the lease is lost, or synchronisation is paused.
    pub async fn update(&self, rows: &[UpdateRow]) -> Result<BTreeMap<ExternalId, Answer>, OdooError> {
        let mut question = self.question();
        question["sale_ok"] = self.session.constants["sale_ok"].clone();
        self.write(Procedure::Update, question, "rows", rows, |row| row.external_id.clone()).await
    }

    /// Moves barcodes, component by component.
    ///
    /// # Errors
    /// When the call fails as a whole, the lease is lost, or synchronisation is paused.
    pub async fn move_barcodes(&self, components: &[Vec<MoveRow>]) -> Result<BTreeMap<ExternalId, Answer>, OdooError> {
        let name = |rows: &Vec<MoveRow>| rows.first().map(|row| row.external_id.clone()).unwrap_or_default();
        self.write(Procedure::Move, self.question(), "components", components, name).await
    }

    /// Writes the run's line for a run that applied nothing; deferred actions stay as they are.
    ///
    /// # Errors
    /// When the call fails, or the lease is lost.
    pub async fn end_run(&self, finish: &Finish) -> Result<(), OdooError> {
        let mut question = self.question();
        question["finish"] = json!(finish);
        question["conflicts"] = json!(false);
        leased(&self.session.ask(Procedure::Report, question).await?)
    }

    /// Opens and closes deferred actions and writes the run's line.
    ///
    /// It goes in parts, each about a range of external ids in the order of their text, both ends told: of those products it
    /// says everything, so a part opens and closes by itself, twice is once, and where one got lost all stays as it was.
    ///
    /// # Errors
    /// When the call fails, or the lease is lost.
    pub async fn finish(
        &self,
        deferred: &[DeferredRow],
        spoken: Spoken<'_>,
        finish: &Finish,
    ) -> Result<Ending, OdooError> {
        let mut question = self.question();
        question["about"] = json!(spoken.about);
        question["cut_short"] = json!(spoken.cut_short);
        question["aspects"] =
            DeferredKind::ALL.iter().map(|k| (k.code().to_owned(), json!(k.aspect().map(Aspect::code)))).collect();
        question["conflicts"] = json!(true);
        let products: Vec<(&str, Told<'_>)> = told(deferred, spoken).into_iter().collect();
        let mut left = &products[..];
        let mut after = None;
        let answer = loop {
            // The last call has the end of the range open, and writes the run's line.
            let part = |n: usize| {
                let (part, last) = (left.iter().take(n), n >= left.len());
                let ids = |which: fn(&Told<'_>) -> bool| {
                    part.clone().filter(|(_, told)| which(told)).map(|(id, _)| *id).collect::<Vec<_>>()
                };
                let mut question = question.clone();
                question["after"] = json!(after);
                question["until"] = json!(left.get(n - 1).filter(|_| !last).map(|(id, _)| id));
                question["rows"] = part.clone().flat_map(|(_, told)| &told.rows).map(|row| json!(row)).collect();
                question["scope"] = json!(spoken.scope.map(|_| ids(|told| told.in_scope)));
                question["undone"] = json!(ids(|told| told.undone));
                let blind = part.clone().filter(|(_, told)| !told.unevaluated.is_empty());
                let aspects = |told: &Told<'_>| told.unevaluated.iter().map(|aspect| aspect.code()).collect::<Vec<_>>();
                question["unevaluated"] = blind.map(|(id, told)| ((*id).to_owned(), json!(aspects(told)))).collect();
                question["finish"] = json!(last.then_some(finish));
                question
            };
            let asking = self.session.ask_some(Procedure::Report, left.len().clamp(1, REPORTED), part).await;
            let one = || format!("what waits about product {}", left.first().map_or("", |(id, _)| *id));
            let (answer, n) = asking.map_err(|error| error.alone(one))?;
            leased(&answer)?;
            if n >= left.len() {
                break answer;
            }
            after = Some(left[n - 1].0);
            left = &left[n..];
        };
        let count = |key: &str| answer[key].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
        let duplicates = answer["duplicates"].as_array().into_iter().flatten();
        Ok(Ending {
            opened: count("opened"),
            closed: count("closed"),
            open: count("open"),
            duplicates: duplicates.filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}

/// Products that one call of the report is about.
const REPORTED: usize = 500;

/// What a report tells of a product.
#[derive(Debug, Default)]
struct Told<'a> {
    rows: Vec<&'a DeferredRow>,
    in_scope: bool,
    undone: bool,
    unevaluated: &'a [Aspect],
}

/// By external id, in the order of the text as PostgreSQL's collation "C" has it.
fn told<'a>(deferred: &'a [DeferredRow], spoken: Spoken<'a>) -> BTreeMap<&'a str, Told<'a>> {
    let mut out: BTreeMap<&str, Told<'_>> = BTreeMap::new();
    for row in deferred {
        out.entry(&row.external_id).or_default().rows.push(row);
    }
    for id in spoken.scope.into_iter().flatten() {
        out.entry(id.as_str()).or_default().in_scope = true;
    }
    for id in spoken.undone {
        out.entry(id.as_str()).or_default().undone = true;
    }
    for (id, aspects) in spoken.unevaluated {
        out.entry(id.as_str()).or_default().unevaluated = aspects;
    }
    out
}

fn leased(answer: &Value) -> Result<(), OdooError> {
    if answer["leased"] == true {
        return Ok(());
    }
    Err(Pause::of(answer).map_or(OdooError::LeaseLost, OdooError::Paused))
}

fn answers(answer: &Value) -> Result<BTreeMap<ExternalId, Answer>, OdooError> {
    leased(answer)?;
    let wrong = || OdooError::Answer {
        call: "procedure".to_owned(),
        reason: "no answers by external id".to_owned(),
        body: answer.to_string().chars().take(200).collect(),
    };
    let mut out = BTreeMap::new();
    for (id, value) in answer["answers"].as_object().ok_or_else(wrong)? {
        let id = ExternalId::parse(id).map_err(|_| wrong())?;
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let one = if let Some(product) = value["created"].as_i64() {
            Answer::Created(product, value["taken"].as_i64())
        } else if value.get("known").is_some() {
            Answer::Known
        } else if let Some(text) = text("refused") {
            Answer::Refused(text)
        } else if let Some(text) = text("overtaken") {
            Answer::Overtaken(text)
        } else if value["done"] == true {
            Answer::Done
        } else {
            return Err(wrong());
        };
        out.insert(id, one);
    }
    Ok(out)
}
