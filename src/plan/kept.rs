//! A plan as a text that can be kept, looked at and applied later, and what it was computed from.
//!
//! Pure: reading and writing files, and the clock, are the commands' part. The text is JSON; its `format` and `version` say
//! what it is, its `checksum` that it is whole, its `fingerprints` whether it still fits what Odoo has.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::catalog::{Barcode, Decision, ExternalId, Link, OdooState, Precedence, Price, PriceDigits, Variant};

use super::action::{Activity, BarcodeMove, Creation, LanguageName, LinkValues, Plan, Update};

/// What the text calls itself.
const FORMAT: &str = "erpsync-kept-plan";

/// The version of the text; it changes when a plan of another one could be misread.
pub const VERSION: u32 = 3;

/// Where and when a plan was computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// When, RFC 3339.
    pub made: String,
    /// The same, in seconds since 1970 UTC.
    pub made_at: i64,
    /// The database's own id.
    pub database: String,
    /// The company that the run worked for.
    pub company: i64,
    /// How many decimals of a price Odoo kept.
    pub digits: PriceDigits,
    /// Whether further codes on packagings were looked at.
    pub extras: bool,
    /// What new products get besides what the source says, in Odoo's own values.
    pub create: serde_json::Value,
    /// Which sources came before this one, field by field.
    pub owners: Precedence,
}

/// A plan with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPlan {
    /// Where it comes from.
    pub origin: Origin,
    /// What the link of each product that the plan speaks of looked like.
    pub fingerprints: BTreeMap<ExternalId, String>,
    /// The plan.
    pub plan: Plan,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    format: String,
    version: u32,
    program: String,
    origin: Origin,
    fingerprints: BTreeMap<String, String>,
    plan: Plan,
    checksum: String,
}

/// Just enough to tell what a text is.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
    program: String,
}

/// Why a text is no plan that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeptPlanError {
    /// Not JSON, or cut off.
    #[error("it is damaged or cut off ({0}); make the plan anew")]
    Damaged(String),
    /// Another kind of document.
    #[error("it is no plan that was kept with --out ({0}); give the file that --out wrote, or make the plan anew")]
    OtherFormat(String),
    /// Another version of the format.
    #[error("erpsync {program} kept it in format {found}, and this one knows format {VERSION}; make the plan anew")]
    OtherVersion {
        /// Its version.
        found: u32,
        /// The program that kept it.
        program: String,
    },
    /// Edited, or damaged in a way that still reads.
    #[error("its checksum does not fit: it was edited or damaged; make the plan anew")]
    Checksum,
}

impl KeptPlan {
    /// Puts a plan together with what it was computed from.
    #[must_use]
    pub fn new(origin: Origin, plan: Plan, odoo: &OdooState) -> Self {
        let ids = plan.external_ids().into_iter().cloned();
        let fingerprints = ids.map(|id| (id.clone(), fingerprint(&id, &odoo.links, &odoo.decisions))).collect();
        Self { origin, fingerprints, plan }
    }

    /// The products of which Odoo has another link, product, remembered value or choice of a person than the plan saw.
    #[must_use]
    pub fn changed(&self, links: &BTreeMap<ExternalId, Link>, decisions: &[Decision]) -> Vec<&ExternalId> {
        let differs = |(id, seen): &(&ExternalId, &String)| fingerprint(id, links, decisions) != **seen;
        self.fingerprints.iter().filter(differs).map(|(id, _)| id).collect()
    }

    /// Does Odoo have everything already that the plan would write? Then it was carried out, and nothing is left of it.
    #[must_use]
    pub fn is_done(&self, links: &BTreeMap<ExternalId, Link>) -> bool {
        let Plan { adoptions, creations, updates, .. } = &self.plan;
        let created = |new: &Creation| {
            let wrote = |link: &Link| {
                link.product.is_some()
                    && link.wrote_name == new.name.as_str()
                    && link.wrote_barcode.as_deref() == new.barcode.as_ref().map(Barcode::as_str)
                    && link.said_barcodes == new.said_barcodes
            };
            links.get(&new.external_id).is_some_and(wrote)
        };
        let updated = |update: &Update| {
            let product = |link: &Link| link.product.as_ref().is_some_and(|p| has(update, p, &self.plan.languages));
            links.get(&update.external_id).is_some_and(|link| stands(update, link) && product(link))
        };
        let moved = |code: &BarcodeMove| {
            let scans = |packed: &[String]| {
                code.extras.add.iter().all(|c| packed.contains(c))
                    && !code.extras.remove.iter().any(|c| packed.contains(c))
            };
            let has =
                |link: &Link| link.product.as_ref().is_some_and(|p| p.barcode == code.new && scans(&p.packagings));
            code.outside || links.get(&code.external_id).is_some_and(has)
        };
        !self.plan.is_empty()
            && creations.iter().all(created)
            && adoptions.iter().chain(updates).all(updated)
            && self.plan.barcode_moves().all(moved)
    }

    /// The text, with a line break at its end.
    ///
    /// # Panics
    /// Never: everything in a plan can be written as JSON.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = Text {
            format: FORMAT.to_owned(),
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            origin: self.origin.clone(),
            fingerprints: self.fingerprints.iter().map(|(id, print)| (id.to_string(), print.clone())).collect(),
            plan: self.plan.clone(),
            checksum: String::new(),
        };
        text.checksum = checksum(&text);
        serde_json::to_string_pretty(&text).expect("a plan is JSON") + "\n"
    }

    /// Reads a text.
    ///
    /// The checksum tells damage, not malice: whoever can write the file can write another checksum too.
    ///
    /// # Errors
    /// When it is damaged, edited, of another kind or another version.
    pub fn parse(text: &str) -> Result<Self, KeptPlanError> {
        let mut text = Text::read(text)?;
        let found = std::mem::take(&mut text.checksum);
        if checksum(&text) != found {
            return Err(KeptPlanError::Checksum);
        }
        text.into_plan()
    }

    /// Reads a text whatever its checksum is; for tests that look behind it.
    ///
    /// # Errors
    /// When it is damaged, of another kind or another version.
    pub fn parse_unsealed(text: &str) -> Result<Self, KeptPlanError> {
        Text::read(text)?.into_plan()
    }
}

impl Text {
    /// Reads what stands there, and checks nothing but its kind.
    fn read(text: &str) -> Result<Self, KeptPlanError> {
        let damaged = |e: serde_json::Error| KeptPlanError::Damaged(e.to_string());
        let value: serde_json::Value = serde_json::from_str(text).map_err(damaged)?;
        let other = |e: serde_json::Error| KeptPlanError::OtherFormat(e.to_string());
        let head = Head::deserialize(&value).map_err(other)?;
        if head.format != FORMAT {
            return Err(KeptPlanError::OtherFormat(format!("its format is {:?}", head.format)));
        }
        if head.version != VERSION {
            return Err(KeptPlanError::OtherVersion { found: head.version, program: head.program });
        }
        Self::deserialize(&value).map_err(damaged)
    }

    fn into_plan(self) -> Result<KeptPlan, KeptPlanError> {
        let mut fingerprints = BTreeMap::new();
        for (id, print) in self.fingerprints {
            fingerprints.insert(ExternalId::parse(&id).map_err(|e| KeptPlanError::Damaged(e.to_string()))?, print);
        }
        // The planner keeps such a price back; whoever writes a plan by hand does not.
        let created = self.plan.creations.iter().filter_map(|c| c.price);
        let changed = self.plan.updates.iter().chain(&self.plan.adoptions).filter_map(|u| Some(u.price.as_ref()?.new));
        for price in created.chain(changed) {
            price.to_odoo(self.origin.digits).map_err(|e| KeptPlanError::Damaged(e.to_string()))?;
        }
        Ok(KeptPlan { origin: self.origin, fingerprints, plan: self.plan })
    }
}

/// Has the product the name and the price that an update would write? What the link remembers does not tell where an edit
/// was to be put back.
fn has(update: &Update, product: &Variant, languages: &[String]) -> bool {
    let named = |name: &LanguageName| {
        let at = languages.iter().position(|language| *language == name.language);
        at.and_then(|at| product.names.get(at)).is_some_and(|found| found == name.new.as_str())
    };
    update.name.as_ref().is_none_or(|name| name.languages.iter().all(named))
        && update.price.as_ref().is_none_or(|price| Price::parse(&product.price).ok() == Some(price.new))
}

/// Has the link, and the product that it leads to, what an update would write?
fn stands(update: &Update, link: &Link) -> bool {
    fn same<T: PartialEq>(wanted: Option<&T>, found: &T) -> bool {
        wanted.is_none_or(|wanted| wanted == found)
    }
    let LinkValues {
        said_name,
        said_price,
        said_barcodes,
        wrote_name,
        wrote_price,
        wrote_barcode,
        wrote_extras,
        kept,
        overruled,
        missing,
        archived_by_us,
    } = &update.link;
    let active = update.activity.map(|activity| activity == Activity::Reactivate);
    link.product.as_ref().is_some_and(|product| product.id == update.product && same(active.as_ref(), &product.active))
        && same(said_name.as_ref(), &link.said_name)
        && same(said_price.as_ref(), &link.said_price)
        && same(said_barcodes.as_ref(), &link.said_barcodes)
        && same(wrote_name.as_ref(), &link.wrote_name)
        && wrote_price.is_none_or(|price| link.wrote_price == Some(price))
        && same(wrote_barcode.as_ref(), &link.wrote_barcode)
        && same(wrote_extras.as_ref(), &link.wrote_extras)
        && same(kept.as_ref(), &link.kept)
        && same(overruled.as_ref(), &link.overruled)
        && same(missing.as_ref(), &link.missing)
        && same(archived_by_us.as_ref(), &link.archived_by_us)
}

fn digest(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("a plan is JSON");
    Md5::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// Of a text whose own checksum is empty.
fn checksum(text: &Text) -> String {
    digest(text)
}

fn fingerprint(id: &ExternalId, links: &BTreeMap<ExternalId, Link>, decisions: &[Decision]) -> String {
    let mut chosen: Vec<_> = decisions
        .iter()
        .filter(|d| d.external_id == *id)
        .map(|d| (d.kind.code(), &d.subject, &d.value, d.choice.code(), d.product))
        .collect();
    chosen.sort();
    digest(&(links.get(id), chosen))
}
