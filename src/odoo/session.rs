//! Greets Odoo before a run: is this the database, the setup and the account that the run expects?

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::catalog::{FileOrder, PriceDigits, SourceOrder};

use super::client::{Odoo, action_call};
use super::error::OdooError;
use super::procedure::Procedure;
use super::setup::schema::SCHEMA;
use super::transport::Call;

/// The kind of new products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKind {
    /// Stock is tracked.
    Storable,
    /// Goods without stock.
    Consumable,
    /// No goods.
    Service,
}

/// A record of Odoo, named by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By its id.
    Id(i64),
    /// By its name.
    Name(String),
}

impl Named {
    fn json(&self) -> Value {
        match self {
            Self::Id(id) => json!(id),
            Self::Name(name) => json!(name),
        }
    }
}

/// What every new product gets; Odoo's own defaults are useless at a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constants {
    /// Its kind.
    pub kind: NewKind,
    /// Its category; `None` leaves it to Odoo.
    pub category: Option<Named>,
    /// Its unit; `None` leaves it to Odoo.
    pub unit: Option<Named>,
    /// Its sale taxes; `None` leaves them to the company's default.
    pub taxes: Option<Vec<Named>>,
    /// Shown in the point of sale, where that is installed.
    pub available_in_pos: bool,
    /// May be sold.
    pub sale_ok: bool,
    /// May be bought.
    pub purchase_ok: bool,
    /// Belongs to the run's company rather than to all.
    pub own_company: bool,
}

/// What to expect of Odoo.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// The languages in which names are kept; empty for the account's own, and `en_US` as the base.
    pub languages: Vec<String>,
    /// The company to work for; `None` for the account's own.
    pub company: Option<Named>,
    /// What new products get; `None` when the run creates none.
    pub create: Option<Constants>,
    /// In which order the sources of the configuration file own what they share.
    pub order: FileOrder,
}

/// An Odoo that is ready for a run.
#[derive(Debug)]
pub struct Session {
    /// The connection.
    pub odoo: Odoo,
    /// The languages in which names are kept, the base first.
    pub languages: Vec<String>,
    /// The company.
    pub company: i64,
    /// How many decimals of a list price Odoo keeps.
    pub digits: PriceDigits,
    /// How many products Odoo has, archived ones included.
    pub product_count: usize,
    /// Field values of new products, resolved to ids.
    pub constants: Value,
    /// The account.
    pub login: String,
    /// The database's own id.
    pub uuid: String,
    /// In which order all sources own what they share, by this file and by what Odoo remembers of others.
    pub order: SourceOrder,
    /// The text that Odoo remembered of it.
    pub remembered_order: String,
    procedures: BTreeMap<String, i64>,
}

impl Session {
    /// Checks everything that can be wrong before a run.
    ///
    /// # Errors
    /// [`OdooError::Setup`] when the setup is absent or does not fit, [`OdooError::Rights`] when the account lacks
    /// rights, [`OdooError::Configuration`] when a language, company, category, unit or tax does not exist.
    pub async fn open(odoo: Odoo, options: &SessionOptions) -> Result<Self, OdooError> {
        let (uuid, group, procedures) = setup_row(&odoo).await?;
        let answer = hello(&odoo, (group, &procedures), None, Value::Null).await?;
        check_setup(&answer, &uuid, odoo.version)?;
        check_rights(&answer, odoo.version)?;
        let company = company(&answer, options.company.as_ref())?;
        let languages = languages(&answer, &options.languages)?;
        let constants = match &options.create {
            None => Value::Null,
            Some(create) => {
                let answer = hello(&odoo, (group, &procedures), Some(company), constants_question(create)).await?;
                let problems = texts(&answer["problems"]);
                if !problems.is_empty() {
                    return Err(OdooError::Configuration(format!(
                        "[sources.NAME.create]: {}; correct the configuration, or make the record in Odoo",
                        problems.join("; ")
                    )));
                }
                answer["constants"].clone()
            }
        };
        let call = Call::new("product.template", "fields_get")
            .arg("allfields", json!(["list_price"]))
            .arg("attributes", json!(["digits"]));
        let fields = odoo.call(&call).await?;
        let digits = fields["list_price"]["digits"][1].as_u64().and_then(|d| u32::try_from(d).ok());
        let remembered_order = answer["sources"].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            languages,
            company,
            order: SourceOrder::parse(&remembered_order).with(&options.order),
            remembered_order,
            digits: PriceDigits::from_odoo(digits),
            product_count: answer["products"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default(),
            constants,
            login: answer["login"].as_str().unwrap_or_default().to_owned(),
            uuid,
            procedures,
            odoo,
        })
    }

    /// Asks a procedure. Every procedure is safe to repeat, so a lost answer is asked for again.
    ///
    /// # Errors
    /// See [`OdooError`].
    pub async fn ask(&self, procedure: Procedure, question: Value) -> Result<Value, OdooError> {
        self.odoo.call(&self.call(procedure, question)).await.map_err(of_another_version)
    }

    /// Asks a procedure about as many rows as go through, `most` at best, and says about how many: see [`Odoo::call_some`].
    ///
    /// # Errors
    /// See [`OdooError`].
    pub async fn ask_some(
        &self,
        procedure: Procedure,
        most: usize,
        mut question: impl FnMut(usize) -> Value,
    ) -> Result<(Value, usize), OdooError> {
        let call = |rows| self.call(procedure, question(rows));
        self.odoo.call_some(procedure.name(), most, call).await.map_err(of_another_version)
    }

    fn call(&self, procedure: Procedure, mut question: Value) -> Call {
        question["company"] = json!(self.company);
        question["languages"] = json!(self.languages);
        procedure_call(&self.odoo, &self.procedures, procedure, question)
    }
}

/// Asks one of these procedures, so that no other version's answers.
///
/// # Errors
/// [`OdooError::Setup`] when another version's setup put its procedures there.
pub(super) async fn ask(
    odoo: &Odoo,
    procedures: &BTreeMap<String, i64>,
    procedure: Procedure,
    question: Value,
) -> Result<Value, OdooError> {
    odoo.call(&procedure_call(odoo, procedures, procedure, question)).await.map_err(of_another_version)
}

fn procedure_call(odoo: &Odoo, procedures: &BTreeMap<String, i64>, procedure: Procedure, mut question: Value) -> Call {
    question["code"] = json!(procedure.mark(odoo.version));
    action_call(procedures.get(procedure.name()).copied().unwrap_or_default(), question)
}

fn of_another_version(error: OdooError) -> OdooError {
    match error {
        OdooError::Fault { fault, .. } if fault.message.contains("erpsync: another version than the caller") => {
            OdooError::Setup(
                "the procedures in Odoo are not those of this erpsync: another version's setup put them there, or Odoo was upgraded"
                    .to_owned(),
            )
        }
        other => other,
    }
}

/// Checks that this Odoo was set up by this program, for commands that only read or note what a person chose; any
/// account in one of our groups will do.
///
/// # Errors
/// [`OdooError::Setup`] when the setup is absent or another program's, [`OdooError::Rights`] when the account may not see
/// it.
pub async fn require_setup(odoo: &Odoo) -> Result<(), OdooError> {
    setup_row(odoo).await.map(drop).map_err(|error| match error {
        OdooError::Rights(_) => OdooError::Rights(
            "the account is in none of erpsync's groups; an administrator puts it into \"Catalogue synchronisation: reader\" in Odoo (for decisions: \"operator\")"
                .to_owned(),
        ),
        other => other,
    })
}

/// Greets Odoo: the sync group and the procedures are those of [`setup_row`].
pub(super) async fn hello(
    odoo: &Odoo,
    (group, procedures): (i64, &BTreeMap<String, i64>),
    company: Option<i64>,
    create: Value,
) -> Result<Value, OdooError> {
    let question =
        json!({"company": company, "languages": [], "procedures": procedures, "group": group, "create": create});
    ask(odoo, procedures, Procedure::Hello, question).await.map_err(not_in_group)
}

/// The texts of a list.
pub(super) fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The database that was set up, the sync group, and the procedures by their names.
pub(super) async fn setup_row(odoo: &Odoo) -> Result<(String, i64, BTreeMap<String, i64>), OdooError> {
    let absent = || OdooError::Setup("Odoo has not been set up for erpsync".to_owned());
    let rows = odoo.search_read("x_pz_setup", json!([]), &["x_schema", "x_uuid", "x_procedures", "x_group"]).await;
    let rows = match rows {
        Err(error @ OdooError::Fault { .. }) => return Err(no_setup(error)),
        other => other?,
    };
    let row = rows.into_iter().next().ok_or_else(absent)?;
    let schema = row["x_schema"].as_i64().unwrap_or_default();
    if schema > SCHEMA {
        return Err(OdooError::newer_setup(schema));
    }
    if schema < SCHEMA {
        return Err(OdooError::Setup(format!(
            "Odoo's setup (schema {schema}) is unfinished, or older than this erpsync's (schema {SCHEMA})"
        )));
    }
    let procedures =
        row["x_procedures"].as_str().and_then(|text| serde_json::from_str(text).ok()).ok_or_else(absent)?;
    Ok((row["x_uuid"].as_str().unwrap_or_default().to_owned(), row["x_group"].as_i64().unwrap_or_default(), procedures))
}

fn no_setup(error: OdooError) -> OdooError {
    match error {
        OdooError::Fault { fault, .. } if fault.short_name() == "AccessError" => OdooError::Rights(
            "the account is not in the group \"Catalogue synchronisation: sync account\"; an administrator lets it in with `erpsync setup --grant LOGIN`"
                .to_owned(),
        ),
        // An unknown model is told in as many ways as there are versions and transports.
        OdooError::Fault { fault, .. }
            if fault.message.contains("x_pz_setup") || matches!(fault.short_name(), "KeyError" | "NotFound") =>
        {
            OdooError::Setup("Odoo has not been set up for erpsync".to_owned())
        }
        other => other,
    }
}

fn not_in_group(error: OdooError) -> OdooError {
    match error {
        // Up to 17, whoever may write the action's model may run one without a group, and the refusal names that model.
        OdooError::Fault { fault, .. } if fault.short_name() == "AccessError" && fault.message.contains("x_pz_") => {
            unrestricted(Procedure::Hello.name())
        }
        OdooError::Fault { fault, .. } if fault.short_name() == "AccessError" => {
            no_setup(OdooError::Fault { call: String::new(), fault })
        }
        OdooError::Fault { fault, .. } if fault.short_name() == "MissingError" => {
            OdooError::Setup("a procedure of erpsync was deleted in Odoo".to_owned())
        }
        other => other,
    }
}

fn check_setup(answer: &Value, uuid: &str, version: u32) -> Result<(), OdooError> {
    let found = answer["uuid"].as_str().unwrap_or_default();
    if found != uuid {
        return Err(OdooError::Setup(format!(
            "this database ({found}) is a copy of the one that was set up ({uuid}), such as a staging copy or a restored backup: correct odoo.database, or, to have it synchronised as a database of its own"
        )));
    }
    for procedure in Procedure::ALL {
        if answer["hashes"][procedure.name()].as_str() != Some(procedure.checksum(version).as_str()) {
            return Err(OdooError::Setup(format!(
                "procedure {:?} in Odoo is not the one of this erpsync: another version, an upgraded Odoo, or edited by hand",
                procedure.name()
            )));
        }
    }
    let ungrouped = texts(&answer["ungrouped"]);
    if !ungrouped.is_empty() {
        return Err(unrestricted(&ungrouped.join(", ")));
    }
    Ok(())
}

fn unrestricted(procedures: &str) -> OdooError {
    OdooError::Setup(format!("procedures {procedures} in Odoo are not restricted to the sync group as they must be"))
}

pub(super) fn check_rights(answer: &Value, version: u32) -> Result<(), OdooError> {
    let allowed = texts(&answer["allowed"]);
    let lacking: Vec<&str> = ["read", "write", "create"].into_iter().filter(|r| !allowed.contains(r)).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let manager = match version {
        ..18 => "Sales: Administrator or Inventory: Administrator",
        18 => "Extra Rights: Product Creation",
        _ => "Products: Create",
    };
    Err(OdooError::Rights(format!(
        "account {} may not {} products in Odoo; give it the rights of a product manager ({manager})",
        answer["login"].as_str().unwrap_or_default(),
        lacking.join(", ")
    )))
}

pub(super) fn company(answer: &Value, wanted: Option<&Named>) -> Result<i64, OdooError> {
    let Some(wanted) = wanted else { return Ok(answer["company"].as_i64().unwrap_or_default()) };
    let all = answer["companies"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = all.iter().find(|c| match wanted {
        Named::Id(id) => c[0] == *id,
        Named::Name(name) => c[1] == name.as_str(),
    });
    found.and_then(|c| c[0].as_i64()).ok_or_else(|| {
        let names: Vec<&str> = all.iter().filter_map(|c| c[1].as_str()).collect();
        let wanted = match wanted {
            Named::Id(id) => id.to_string(),
            Named::Name(name) => name.clone(),
        };
        OdooError::Configuration(format!(
            "odoo.company: the account has no company {wanted:?}, it has {}; name one of these, or let the account into that one",
            names.join(", ")
        ))
    })
}

pub(super) fn languages(answer: &Value, wanted: &[String]) -> Result<Vec<String>, OdooError> {
    const BASE: &str = "en_US";
    let installed = texts(&answer["languages"]);
    let own = answer["language"].as_str().unwrap_or(BASE);
    let mut out: Vec<String> = if wanted.is_empty() {
        [BASE, own].into_iter().filter(|l| installed.contains(l)).map(str::to_owned).collect()
    } else {
        wanted.to_vec()
    };
    if let Some(unknown) = out.iter().find(|l| !installed.contains(&l.as_str())) {
        return Err(OdooError::Configuration(format!(
            "odoo.languages: {unknown:?} is not installed in Odoo, which has {}; install it there (Settings, Languages), or correct odoo.languages",
            installed.join(", ")
        )));
    }
    out.sort_by_key(|l| l != BASE);
    out.dedup();
    if out.is_empty() {
        out.push(own.to_owned());
    }
    Ok(out)
}

pub(super) fn constants_question(create: &Constants) -> Value {
    let kind = match create.kind {
        NewKind::Storable => "storable",
        NewKind::Consumable => "consumable",
        NewKind::Service => "service",
    };
    json!({
        "type": kind, "category": create.category.as_ref().map(Named::json), "unit": create.unit.as_ref().map(Named::json),
        "taxes": create.taxes.as_ref().map(|t| t.iter().map(Named::json).collect::<Vec<_>>()),
        "available_in_pos": create.available_in_pos, "sale_ok": create.sale_ok, "purchase_ok": create.purchase_ok,
        "own_company": create.own_company,
    })
}
