//! The plan grouped by product and spelt out field by field: the view that all formats share.
//!
//! Borrows from the plan; hides nothing and orders by external id. Decides nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{CodeKey, ExternalId, Price, ProductId};
use crate::plan::{Activity, BarcodeMove, Creation, Deferred, Missing, NotWritten, Plan, Reason, Update};

/// All that a plan says of one product. A plan has at most one creation, update and move for each.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    pub id: &'a ExternalId,
    pub creation: Option<&'a Creation>,
    /// An adoption, a change or a note.
    pub update: Option<&'a Update>,
    pub moved: Option<&'a BarcodeMove>,
    /// Products outside the source that lose their code to this one.
    pub outside: Vec<&'a BarcodeMove>,
    pub deferred: Vec<&'a Deferred>,
    pub missing: Option<&'a Missing>,
    /// What another source overrules.
    pub not_written: Vec<&'a NotWritten>,
}

/// What happens to a product, or to one of its fields: the first thing to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    Create,
    Adopt,
    Update,
    /// A barcode is taken away and nothing else happens.
    Release,
    /// The product is archived.
    Archive,
    Deferred,
    Note,
    Missing,
    BadRow,
    Refusal,
}

impl Symbol {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Adopt => "&",
            Self::Update => "~",
            Self::Release | Self::Archive => "-",
            Self::Deferred => "!",
            Self::Note => "=",
            Self::Missing => "?",
            Self::BadRow => "x",
            Self::Refusal => "#",
        }
    }
}

/// Which field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKind {
    Name,
    Price,
    Barcode,
    /// A code on a packaging or unit.
    Further,
}

impl FieldKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Price => "price",
            Self::Barcode => "barcode",
            Self::Further => "further",
        }
    }
}

/// One value that is written. `None` stands for no value.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    pub kind: FieldKind,
    /// Of a name that exists already; a new product gets its name in all languages.
    pub language: Option<&'a str>,
    pub old: Option<Cow<'a, str>>,
    pub new: Option<Cow<'a, str>>,
    pub why: Why<'a>,
    /// Of another product, outside the source: its id and name.
    pub outside: Option<(ProductId, &'a str)>,
    /// A barcode: whose it was until now.
    pub origin: Option<Origin<'a>>,
}

/// Why a field is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Why<'a> {
    /// The product is new.
    New,
    /// The product is new and has no price; it is created at zero and not for sale.
    NewWithoutPrice,
    Reason(&'a Reason),
}

impl Why<'_> {
    pub fn code(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::NewWithoutPrice => "new-without-price",
            Self::Reason(reason) => reason.code(),
        }
    }

    pub fn text(self) -> String {
        match self {
            Self::New => "new in the source".to_owned(),
            Self::NewWithoutPrice => "the source has none; not for sale".to_owned(),
            Self::Reason(reason) => reason.text(),
        }
    }
}

/// Whose barcode it was until now, among the products of this plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin<'a> {
    /// Two products exchange their codes.
    Swap(&'a ExternalId),
    /// Several products pass their codes on in a circle of this size.
    Circle(usize, &'a ExternalId),
    /// The other product gives its code up.
    From(&'a ExternalId),
}

impl<'a> Origin<'a> {
    pub fn code(self) -> &'static str {
        match self {
            Self::Swap(_) => "swap",
            Self::Circle(..) => "circle",
            Self::From(_) => "from",
        }
    }

    pub fn other(self) -> &'a ExternalId {
        match self {
            Self::Swap(other) | Self::Circle(_, other) | Self::From(other) => other,
        }
    }

    /// How many products pass their codes on in a circle.
    pub fn size(self) -> Option<usize> {
        match self {
            Self::Swap(_) => Some(2),
            Self::Circle(n, _) => Some(n),
            Self::From(_) => None,
        }
    }

    pub fn text(self) -> String {
        match self {
            Self::Swap(other) => format!("swap with {other}"),
            Self::Circle(n, other) => format!("circle of {n}: from {other}"),
            Self::From(other) => format!("from {other}"),
        }
    }
}

/// Who gives which code up in this plan.
#[derive(Debug)]
pub(super) struct Origins<'a> {
    /// By the key of the code given up; the first one where two had it.
    givers: BTreeMap<CodeKey, &'a ExternalId>,
    /// The members of circles, with their number.
    circles: BTreeMap<&'a ExternalId, usize>,
}

impl<'a> Origins<'a> {
    pub fn new(plan: &'a Plan) -> Self {
        let mut givers = BTreeMap::new();
        for change in plan.barcode_moves().filter(|m| !m.outside) {
            let main = change.old.iter().filter(|_| change.is_move());
            for old in main.chain(&change.extras.remove) {
                givers.entry(CodeKey::of(old)).or_insert(&change.external_id);
            }
        }
        // Nobody takes from more than one, so following the givers either ends or comes round.
        let takes_from: BTreeMap<&ExternalId, &ExternalId> = plan
            .barcode_moves()
            .filter(|m| m.is_move() && !m.outside)
            .filter_map(|m| Some((&m.external_id, *givers.get(&CodeKey::of(m.new.as_deref()?))?)))
            .filter(|(id, giver)| id != giver)
            .collect();
        let mut circles = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for &start in takes_from.keys() {
            let mut path = Vec::new();
            let mut at = Some(start);
            while let Some(id) = at.filter(|id| seen.insert(*id)) {
                path.push(id);
                at = takes_from.get(id).copied();
            }
            if let Some(entry) = at.and_then(|end| path.iter().position(|id| *id == end)) {
                let members = &path[entry..];
                circles.extend(members.iter().map(|id| (*id, members.len())));
            }
        }
        Self { givers, circles }
    }

    /// Whose was the code that `id` is given?
    fn of(&self, id: &ExternalId, code: Option<&str>) -> Option<Origin<'a>> {
        let giver = *self.givers.get(&CodeKey::of(code?))?;
        match self.circles.get(id) {
            _ if giver == id => None, // its own, spelt anew
            Some(2) => Some(Origin::Swap(giver)),
            Some(n) => Some(Origin::Circle(*n, giver)),
            None => Some(Origin::From(giver)),
        }
    }
}

/// Groups a plan by product, in the order of external ids.
pub(super) fn items(plan: &Plan) -> impl Iterator<Item = Item<'_>> {
    fn at<'m, 'a>(all: &'m mut BTreeMap<&'a ExternalId, Item<'a>>, id: &'a ExternalId) -> &'m mut Item<'a> {
        all.entry(id).or_insert_with(|| Item {
            id,
            creation: None,
            update: None,
            moved: None,
            outside: Vec::new(),
            deferred: Vec::new(),
            missing: None,
            not_written: Vec::new(),
        })
    }
    let mut all = BTreeMap::new();
    for creation in &plan.creations {
        at(&mut all, &creation.external_id).creation = Some(creation);
    }
    for update in plan.adoptions.iter().chain(&plan.updates) {
        at(&mut all, &update.external_id).update = Some(update);
    }
    for change in plan.barcode_moves() {
        let item = at(&mut all, &change.external_id);
        if change.outside {
            item.outside.push(change);
        } else {
            item.moved = Some(change);
        }
    }
    for deferred in &plan.deferred {
        at(&mut all, &deferred.external_id).deferred.push(deferred);
    }
    for missing in &plan.missing {
        at(&mut all, &missing.external_id).missing = Some(missing);
    }
    for value in &plan.not_written {
        at(&mut all, &value.external_id).not_written.push(value);
    }
    all.into_values()
}

impl<'a> Item<'a> {
    /// What happens to the product on the whole.
    pub fn symbol(&self) -> Symbol {
        if self.creation.is_some() {
            return Symbol::Create;
        }
        let written = self.update.filter(|u| !u.is_note());
        match (written, self.moved) {
            (Some(update), _) if update.adopt.is_some() => Symbol::Adopt,
            (Some(update), _) if update.activity == Some(Activity::Archive) => Symbol::Archive,
            (Some(_), _) => Symbol::Update,
            (None, Some(change)) if change.new.is_some() || !change.is_move() => Symbol::Update,
            (None, Some(_)) => Symbol::Release,
            (None, None) if !self.outside.is_empty() => Symbol::Update,
            (None, None) if self.deferred.iter().any(|d| d.settled.is_none()) => Symbol::Deferred,
            (None, None) if self.missing.is_some() => Symbol::Missing,
            (None, None) => Symbol::Note,
        }
    }

    /// Is one of the product's fields written, or its link made?
    pub fn is_change(&self) -> bool {
        matches!(self.symbol(), Symbol::Create | Symbol::Adopt | Symbol::Update | Symbol::Release | Symbol::Archive)
    }

    /// The product's name, for people; the source's where the source has one.
    pub fn label(&self) -> &'a str {
        self.creation
            .map(|c| c.name.as_str())
            .or_else(|| self.update.map(|u| &*u.label))
            .or_else(|| self.moved.map(|m| &*m.label))
            .or_else(|| self.deferred.first().map(|d| &*d.label))
            .or_else(|| self.missing.map(|m| &*m.label))
            .or_else(|| self.not_written.first().map(|v| &*v.label))
            .unwrap_or_default()
    }

    /// The Odoo product, if there is one already.
    pub fn product(&self) -> Option<ProductId> {
        self.update.map(|u| u.product).or_else(|| self.moved.map(|m| m.product))
    }

    /// Why a product that the source no longer has is left as it is.
    pub fn why_left(&self) -> Option<String> {
        let Missing { archive, still_in, .. } = self.missing?;
        let others = still_in.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match (archive, others.is_empty()) {
            (true, _) => None,
            (false, true) => Some("missing in the source; left as it is".to_owned()),
            (false, false) => Some(format!("missing in the source; {others} still has it; left as it is")),
        }
    }

    /// What is written, name first, then price, then barcode.
    pub fn fields(&self, origins: &Origins<'a>) -> Vec<Field<'a>> {
        let mut out = Vec::new();
        if let Some(creation) = self.creation {
            let mut field = |kind, new, why, origin| {
                out.push(Field { kind, language: None, old: None, new: Some(new), why, outside: None, origin });
            };
            field(FieldKind::Name, Cow::Borrowed(creation.name.as_str()), Why::New, None);
            let (price, why) = creation.price.map_or((Price::ZERO, Why::NewWithoutPrice), |p| (p, Why::New));
            field(FieldKind::Price, Cow::Owned(price.to_string()), why, None);
            if let Some(code) = creation.barcode.as_ref().map(|code| code.as_str()) {
                field(FieldKind::Barcode, Cow::Borrowed(code), Why::New, origins.of(self.id, Some(code)));
            }
            for code in &creation.extras {
                field(FieldKind::Further, Cow::Borrowed(code), Why::New, origins.of(self.id, Some(code)));
            }
        }
        if let Some(name) = self.update.and_then(|u| u.name.as_ref()) {
            out.extend(name.languages.iter().map(|one| Field {
                kind: FieldKind::Name,
                language: Some(&one.language),
                old: Some(Cow::Borrowed(&one.old)),
                new: Some(Cow::Borrowed(one.new.as_str())),
                why: Why::Reason(&name.reason),
                outside: None,
                origin: None,
            }));
        }
        if let Some(price) = self.update.and_then(|u| u.price.as_ref()) {
            out.push(Field {
                kind: FieldKind::Price,
                language: None,
                old: Some(canonical(&price.old)),
                new: Some(Cow::Owned(price.new.to_string())),
                why: Why::Reason(&price.reason),
                outside: None,
                origin: None,
            });
        }
        for change in &self.outside {
            out.push(Field {
                kind: FieldKind::Barcode,
                language: None,
                old: change.old.as_deref().map(Cow::Borrowed),
                new: None,
                why: Why::Reason(&change.reason),
                outside: Some((change.product, &change.label)),
                origin: None,
            });
        }
        let Some(change) = self.moved else { return out };
        if change.is_move() {
            out.push(Field {
                kind: FieldKind::Barcode,
                language: None,
                old: change.old.as_deref().map(Cow::Borrowed),
                new: change.new.as_deref().map(Cow::Borrowed),
                why: Why::Reason(&change.reason),
                outside: None,
                origin: origins.of(self.id, change.new.as_deref()),
            });
        }
        let removed = change.extras.remove.iter().map(|code| (Some(code), None));
        let added = change.extras.add.iter().map(|code| (None, Some(code)));
        out.extend(removed.chain(added).map(|(old, new)| Field {
            kind: FieldKind::Further,
            language: None,
            old: old.map(|code| Cow::Borrowed(code.as_str())),
            new: new.map(|code| Cow::Borrowed(code.as_str())),
            why: Why::Reason(&change.reason),
            outside: None,
            origin: origins.of(self.id, new.map(String::as_str)),
        }));
        out
    }
}

/// PostgreSQL's `10.50` as `10.5`, like all other prices; what is no price stays as it is.
fn canonical(text: &str) -> Cow<'_, str> {
    Price::parse(text).map_or(Cow::Borrowed(text), |price| Cow::Owned(price.to_string()))
}
