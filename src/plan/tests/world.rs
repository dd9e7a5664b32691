//! A small Odoo without a network, and a source to go with it: what the procedures do, checked as strictly as they check.

use std::collections::BTreeMap;

use crate::catalog::barcode::clean;
use crate::catalog::scannable::readings;
use crate::catalog::source::BarcodeOrder;
use crate::catalog::{
    Candidate, Catalogue, CodeKey, Decision, ExternalId, FieldSet, Holder, HolderKind, Link, Listing, ListingBuilder,
    MatchRule, OdooState, Price, PriceDigits, ProductId, Rest, Sharer, SourceName, TemplateId, Variant,
};
use crate::plan::{
    Activity, Allowances, BarcodeMove, ExtraBarcodes, LinkValues, Plan, Policy, Questions, Reason, Scope, Update, plan,
    questions,
};

/// The source that the world is about.
pub fn shop() -> SourceName {
    SourceName::parse("shop").unwrap()
}

pub fn id(text: &str) -> ExternalId {
    ExternalId::parse(text).unwrap()
}

pub fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

pub fn pid(n: i64) -> ProductId {
    ProductId::new(n).unwrap()
}

/// A row of the source's products with its barcode rows.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: String,
    pub name: Option<String>,
    /// `Some("bad")` stands for a number that cannot be read.
    pub price: Option<String>,
    pub codes: Vec<String>,
}

/// A product of Odoo with its template.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    pub active: bool,
    /// The variant is active, and its template is not.
    pub half_archived: bool,
    pub names: Vec<String>,
    pub price: String,
    pub barcode: Option<String>,
    pub siblings: u32,
    pub other_company: bool,
    pub default_code: Option<String>,
    pub packaging: Vec<String>,
}

/// A link; the product's number, or none when it was deleted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bound {
    pub product: Option<i64>,
    pub said_name: String,
    pub said_price: Option<Price>,
    pub said_barcodes: Vec<String>,
    pub wrote_name: String,
    pub wrote_price: Option<Price>,
    pub wrote_barcode: Option<String>,
    pub wrote_extras: Vec<String>,
    pub kept: FieldSet,
    pub overruled: FieldSet,
    pub no_touch: bool,
    pub archived_by_us: bool,
    pub missing: bool,
    pub matched_by: Option<MatchRule>,
}

/// Both sides and the rules.
#[derive(Debug, Clone)]
pub struct World {
    pub rows: Vec<Row>,
    pub languages: Vec<String>,
    pub digits: u32,
    pub products: BTreeMap<i64, Product>,
    pub links: BTreeMap<ExternalId, Bound>,
    /// The links of other sources that count, by source.
    pub others: BTreeMap<SourceName, BTreeMap<ExternalId, Bound>>,
    pub decisions: Vec<Decision>,
    pub policy: Policy,
    pub scope: Scope,
}

impl World {
    /// Empty, one language, two decimals, every guard let through.
    pub fn new() -> Self {
        let allow = Allowances {
            first_run: true,
            create: true,
            release: true,
            replace: true,
            archive: true,
            changes: true,
            price_change: false,
            prices_gone: false,
            unreadable: true,
            empty_source: true,
            no_barcodes: true,
        };
        Self {
            rows: Vec::new(),
            languages: vec!["en_US".to_owned()],
            digits: 2,
            products: BTreeMap::new(),
            links: BTreeMap::new(),
            others: BTreeMap::new(),
            decisions: Vec::new(),
            policy: Policy { allow, ..Policy::default() },
            scope: Scope::All,
        }
    }

    /// Adds a product to the source; an empty price is NULL.
    pub fn row(&mut self, id: &str, name: &str, price: &str, codes: &[&str]) -> &mut Self {
        self.rows.push(Row {
            id: id.to_owned(),
            name: Some(name.to_owned()),
            price: (!price.is_empty()).then(|| price.to_owned()),
            codes: codes.iter().map(|c| (*c).to_owned()).collect(),
        });
        self
    }

    /// The source's row of an id.
    pub fn source(&mut self, id: &str) -> &mut Row {
        self.rows.iter_mut().find(|r| r.id == id).unwrap()
    }

    /// Adds a product to Odoo.
    pub fn product(&mut self, number: i64, name: &str, price: &str, barcode: Option<&str>) -> &mut Product {
        let product = Product {
            active: true,
            half_archived: false,
            names: vec![name.to_owned(); self.languages.len()],
            price: price.to_owned(),
            barcode: barcode.map(str::to_owned),
            siblings: 0,
            other_company: false,
            default_code: None,
            packaging: Vec::new(),
        };
        self.products.insert(number, product);
        self.products.get_mut(&number).unwrap()
    }

    /// Adds a row, its product and their link, all in agreement; the product has the first code.
    pub fn synced(&mut self, ext: &str, number: i64, name: &str, value: &str, codes: &[&str]) -> &mut Self {
        self.row(ext, name, value, codes);
        let shown = if value.is_empty() { "0" } else { value };
        self.product(number, name, shown, codes.first().copied());
        self.link(ext, number);
        self
    }

    /// Links a product as if we had written everything that it has, and the source's row had said it.
    pub fn link(&mut self, ext: &str, number: i64) -> &mut Bound {
        let row = self.rows.iter().find(|r| r.id == ext);
        let product = &self.products[&number];
        let digits = PriceDigits::from_odoo(Some(self.digits));
        let said = row.and_then(|r| r.price.as_deref()).and_then(|p| Price::parse(p).ok());
        let bound = Bound {
            product: Some(number),
            said_name: product.names[0].clone(),
            said_price: said,
            said_barcodes: row.map(|r| r.codes.clone()).unwrap_or_default(),
            wrote_name: product.names[0].clone(),
            wrote_price: Some(price(&product.price).rounded(digits)),
            wrote_barcode: product.barcode.clone(),
            ..Bound::default()
        };
        self.links.insert(id(ext), bound);
        self.links.get_mut(&id(ext)).unwrap()
    }

    pub fn listing(&self) -> Listing {
        let mut builder = ListingBuilder::new(BarcodeOrder::Text);
        for row in &self.rows {
            let value = match row.price.as_deref() {
                None => Ok(None),
                Some(text) => Price::parse(text).map(Some).map_err(|e| e.to_string()),
            };
            builder.product(Some(&row.id), row.name.as_deref(), value);
            for code in &row.codes {
                builder.barcode(Some(&row.id), Some(code));
            }
        }
        builder.finish()
    }

    pub fn catalogue(&self) -> Catalogue {
        self.listing().whole()
    }

    fn variant(&self, number: i64) -> Variant {
        let product = &self.products[&number];
        Variant {
            id: pid(number),
            template: TemplateId::new(number + 10_000).unwrap(),
            active: product.active,
            template_active: product.active && !product.half_archived,
            names: product.names.clone(),
            price: product.price.clone(),
            barcode: product.barcode.clone(),
            siblings: product.siblings,
            other_company: product.other_company,
            packagings: product.packaging.clone(),
            sharers: self.sharers(number),
        }
    }

    fn sharers(&self, number: i64) -> Vec<Sharer> {
        let all =
            self.others.iter().flat_map(|(source, links)| links.iter().map(move |(id, bound)| (source, id, bound)));
        let sharer = |(source, id, b): (&SourceName, &ExternalId, &Bound)| Sharer {
            source: source.clone(),
            external_id: id.clone(),
            missing: b.missing,
            archived_by_us: b.archived_by_us,
            wrote_name: b.wrote_name.clone(),
            wrote_price: b.wrote_price,
            wrote_barcode: b.wrote_barcode.clone(),
            wrote_extras: b.wrote_extras.clone(),
        };
        all.filter(|(.., bound)| bound.product == Some(number)).map(sharer).collect()
    }

    /// What the snapshot procedure answers.
    pub fn bound(&self) -> BTreeMap<ExternalId, Link> {
        self.links
            .iter()
            .map(|(ext, b)| {
                let link = Link {
                    external_id: ext.clone(),
                    product: b.product.map(|n| self.variant(n)),
                    said_name: b.said_name.clone(),
                    said_price: b.said_price,
                    said_barcodes: b.said_barcodes.clone(),
                    wrote_name: b.wrote_name.clone(),
                    wrote_price: b.wrote_price,
                    wrote_barcode: b.wrote_barcode.clone(),
                    wrote_extras: b.wrote_extras.clone(),
                    kept: b.kept,
                    no_touch: b.no_touch,
                    archived_by_us: b.archived_by_us,
                    missing: b.missing,
                    overruled: b.overruled,
                };
                (ext.clone(), link)
            })
            .collect()
    }

    /// What the lookup procedure answers: candidates, and holders of the codes that were asked for, and of those that two
    /// active products have.
    pub fn answers(&self, asked: &Questions) -> (BTreeMap<ExternalId, Vec<Candidate>>, BTreeMap<CodeKey, Vec<Holder>>) {
        let mut candidates: BTreeMap<ExternalId, Vec<Candidate>> = BTreeMap::new();
        for wanted in &asked.unlinked {
            for (number, product) in &self.products {
                let has = |code: &String| {
                    product.barcode.as_deref().is_some_and(|has| readings(has).contains(&CodeKey::of(code)))
                };
                let matches = [
                    (MatchRule::DefaultCode, product.default_code.as_deref() == Some(wanted.id.as_str())),
                    (
                        MatchRule::Barcode,
                        wanted.codes.iter().any(has)
                            || product.barcode.as_ref().is_some_and(|code| wanted.codes.contains(code)),
                    ),
                    (MatchRule::Name, product.names[0] == wanted.name),
                ];
                for (rule, _) in
                    matches.into_iter().filter(|(rule, yes)| *yes && self.policy.match_rules.contains(rule))
                {
                    let linked = self.links.values().any(|b| b.product == Some(*number));
                    let candidate = Candidate { variant: self.variant(*number), rule, linked };
                    candidates.entry(wanted.id.clone()).or_default().push(candidate);
                }
            }
        }
        let mut holders: BTreeMap<CodeKey, Vec<Holder>> = BTreeMap::new();
        for (number, product) in &self.products {
            let own = product.barcode.iter().map(|code| (HolderKind::Product, code));
            for (kind, code) in own.chain(product.packaging.iter().map(|code| (HolderKind::Packaging, code))) {
                // Besides what is asked for, the lookup tells every code that two active products have.
                let twin = |(n, p): (&i64, &Product)| n != number && p.active && p.barcode.as_ref() == Some(code);
                let double = kind == HolderKind::Product && product.active && self.products.iter().any(twin);
                if double || asked.codes.contains(&*clean(code)) {
                    holders.entry(CodeKey::of(code)).or_default().push(Holder {
                        product: pid(*number),
                        kind,
                        active: product.active,
                        name: product.names[0].clone(),
                        barcode: code.clone(),
                    });
                }
            }
        }
        (candidates, holders)
    }

    pub fn extras(&self) -> bool {
        self.policy.extra_barcodes == ExtraBarcodes::Packaging
    }

    /// Everything that a plan has to know.
    pub fn state(&self) -> OdooState {
        let links = self.bound();
        let asked = questions(&self.catalogue(), &links, &self.decisions, &self.scope, self.extras());
        let (candidates, holders) = self.answers(&asked);
        OdooState {
            languages: self.languages.clone(),
            digits: PriceDigits::from_odoo(Some(self.digits)),
            links,
            rest: Rest::default(),
            candidates,
            holders,
            product_count: self.products.len(),
            decisions: self.decisions.clone(),
            chosen: self
                .decisions
                .iter()
                .filter_map(|d| d.product)
                .filter(|p| self.products.contains_key(&p.get()))
                .map(|p| (p, (self.variant(p.get()), self.links.values().any(|b| b.product == Some(p.get())))))
                .collect(),
        }
    }

    pub fn plan(&self) -> Plan {
        plan(&shop(), &self.catalogue(), &self.state(), &self.policy, &self.scope)
    }

    /// Plans and applies; gives the plan back.
    pub fn run(&mut self) -> Plan {
        let plan = self.plan();
        self.apply(&plan);
        plan
    }

    /// Applies a plan in the order that it promises, and fails wherever a procedure would refuse.
    pub fn apply(&mut self, plan: &Plan) {
        assert!(plan.refusals.is_empty(), "a refused plan is never applied: {:?}", plan.refusals);
        for update in &plan.adoptions {
            assert!(update.adopt.is_some());
            let linked = self.links.values().any(|b| b.product == Some(update.product.get()));
            assert!(!linked, "{} is linked already", update.product);
            let fresh = Bound { product: Some(update.product.get()), matched_by: update.adopt, ..Bound::default() };
            let before = self.links.insert(update.external_id.clone(), fresh);
            assert!(before.is_none_or(|b| b.product.is_none()), "linked twice");
            self.update(update);
        }
        for component in &plan.moves {
            let moves = component.moves.iter().filter(|m| !m.outside).count();
            assert!((0..=self.policy.max_component.max(1)).contains(&moves) && !component.moves.is_empty());
            self.component(&component.moves);
        }
        for new in &plan.creations {
            let number = self.products.keys().next_back().map_or(1, |n| n + 1);
            for code in new.barcode.iter().map(|c| c.as_str()).chain(new.extras.iter().map(String::as_str)) {
                self.must_be_free(code);
            }
            let want = new.price.unwrap_or(Price::ZERO);
            let barcode = new.barcode.as_ref().map(ToString::to_string);
            self.product(number, new.name.as_str(), &want.to_string(), barcode.as_deref())
                .packaging
                .clone_from(&new.extras);
            let bound = Bound {
                product: Some(number),
                said_name: new.name.to_string(),
                said_price: new.said_price,
                said_barcodes: new.said_barcodes.clone(),
                wrote_name: new.name.to_string(),
                wrote_price: new.price.or(new.said_price.is_none().then_some(Price::ZERO)),
                wrote_barcode: barcode,
                wrote_extras: new.extras.clone(),
                ..Bound::default()
            };
            let before = self.links.insert(new.external_id.clone(), bound);
            assert_eq!(before.is_some(), new.relink, "a link that is there");
            assert!(before.is_none_or(|b| b.product.is_none()), "linked twice");
        }
        for update in &plan.updates {
            assert!(update.adopt.is_none());
            self.update(update);
        }
    }

    fn update(&mut self, update: &Update) {
        let bound = self.links.get_mut(&update.external_id).expect("a link to update");
        assert_eq!(bound.product, Some(update.product.get()));
        assert!(!bound.no_touch, "{} is not to be touched", update.external_id);
        let product = self.products.get_mut(&update.product.get()).unwrap();
        if let Some(change) = &update.name {
            assert!(!change.languages.is_empty());
            assert!(product.siblings == 0 || change.reason == Reason::Chosen);
            for one in &change.languages {
                let at = self.languages.iter().position(|l| *l == one.language).expect("a configured language");
                assert_eq!(product.names[at], one.old, "compare and set");
                product.names[at] = one.new.to_string();
            }
        }
        if let Some(change) = &update.price {
            assert!(product.siblings == 0 || change.reason == Reason::Chosen);
            assert_eq!(product.price, change.old, "compare and set");
            // PostgreSQL's numeric shows the trailing zeros.
            product.price = format!("{:.*}", self.digits as usize, change.new.decimal());
        }
        match update.activity {
            Some(Activity::Archive) => {
                let gone = product.barcode.is_none() || !self.policy.barcodes;
                assert!(product.active && gone, "a product gives its barcode up before it goes");
                product.active = false;
            }
            Some(Activity::Reactivate) => {
                let number = Some(update.product.get());
                let others =
                    self.others.values_mut().flat_map(|links| links.values_mut()).filter(|b| b.product == number);
                let by_another = others.fold(false, |any, b| std::mem::take(&mut b.archived_by_us) | any);
                assert!(!product.active && (bound.archived_by_us || by_another), "only what we archived comes back");
                product.active = true;
            }
            None => {}
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
        bound.wrote_extras = wrote_extras.clone().unwrap_or_else(|| bound.wrote_extras.clone());
        bound.kept = kept.unwrap_or(bound.kept);
        bound.overruled = overruled.unwrap_or(bound.overruled);
        bound.missing = missing.unwrap_or(bound.missing);
        bound.archived_by_us = archived_by_us.unwrap_or(bound.archived_by_us);
        bound.said_name = said_name.clone().unwrap_or_else(|| bound.said_name.clone());
        bound.said_price = said_price.unwrap_or(bound.said_price);
        bound.said_barcodes = said_barcodes.clone().unwrap_or_else(|| bound.said_barcodes.clone());
        bound.wrote_name = wrote_name.clone().unwrap_or_else(|| bound.wrote_name.clone());
        bound.wrote_price = wrote_price.or(bound.wrote_price);
        bound.wrote_barcode = wrote_barcode.clone().unwrap_or_else(|| bound.wrote_barcode.clone());
    }

    fn must_be_free(&self, code: &str) {
        let key = CodeKey::of(code);
        for (number, product) in &self.products {
            let all = product.barcode.iter().chain(&product.packaging);
            assert!(all.clone().all(|c| CodeKey::of(c) != key), "code {code} is still at product {number}");
        }
    }

    fn component(&mut self, moves: &[BarcodeMove]) {
        for one in moves {
            assert!(one.is_move() || !one.extras.is_empty(), "a move moves");
            let product = self.products.get_mut(&one.product.get()).unwrap();
            assert_eq!(product.barcode, one.old, "compare and set");
            for code in &one.extras.remove {
                let at = product.packaging.iter().position(|c| c == code).expect("a further code that is there");
                product.packaging.remove(at);
            }
            if one.is_move() {
                product.barcode = None;
            }
        }
        for one in moves {
            if let Some(code) = one.new.as_ref().filter(|_| one.is_move()) {
                self.must_be_free(code);
                self.products.get_mut(&one.product.get()).unwrap().barcode.clone_from(&one.new);
            }
        }
        for one in moves {
            for code in &one.extras.add {
                self.must_be_free(code);
                self.products.get_mut(&one.product.get()).unwrap().packaging.push(code.clone());
            }
            if one.outside {
                assert!(one.new.is_none() && !self.links.values().any(|b| b.product == Some(one.product.get())));
                continue;
            }
            let bound = self.links.get_mut(&one.external_id).expect("a move has a link");
            assert!(!bound.no_touch, "{} is not to be touched", one.external_id);
            assert_eq!(bound.product, Some(one.product.get()));
            bound.wrote_barcode.clone_from(&one.new);
            if let Some(said) = &one.said_barcodes {
                bound.said_barcodes.clone_from(said);
            }
            if let Some(extras) = &one.wrote_extras {
                bound.wrote_extras.clone_from(extras);
                let others = self.others.values_mut().flat_map(|links| links.values_mut());
                others.filter(|b| b.product == Some(one.product.get())).for_each(|b| b.wrote_extras.clear());
            }
        }
    }
}

/// The waiting actions as `id kind subject`.
pub fn waits(plan: &Plan) -> Vec<String> {
    plan.deferred
        .iter()
        .map(|d| format!("{} {} {}", d.external_id, d.kind.code(), d.subject).trim().to_owned())
        .collect()
}

/// The moves as `id: old → new (reason)`, components apart by `;`.
pub fn moves(plan: &Plan) -> String {
    let show = |m: &BarcodeMove| {
        let (old, new) = (m.old.as_deref().unwrap_or("-"), m.new.as_deref().unwrap_or("-"));
        format!("{}: {old} → {new} ({})", m.external_id, m.reason.code())
    };
    let components = plan.moves.iter().map(|c| c.moves.iter().map(show).collect::<Vec<_>>().join(", "));
    components.collect::<Vec<_>>().join("; ")
}
