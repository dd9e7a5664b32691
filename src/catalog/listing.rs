//! What the source says, held small: a million products take about 110 MB here, a third of what they take as a
//! [`Catalogue`].
//!
//! Texts stand one behind the other in an arena, each product as the beginning of its digest line, its barcodes as a list
//! in the order in which they are considered. [`Listing::pick`] unpacks the few products that a plan is about.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::arena::{Arena, At};
use super::barcode::{BarcodeError, clean};
use super::digest::{Buckets, Line, SEPARATOR, id_hash, line_digest};
use super::scannable::{CodeRules, Form, Odd, Tally, Verdict, Why};
use super::source::{BadRow, BadRowKind, BarcodeOrder, Catalogue, ExternalProduct, Respelled, Unreadable};
use super::{Barcode, CodeKey, ExternalId, KeyRules, Price, ProductName};

mod claims;
mod index;
mod record;

pub use claims::Claims;
use index::Index;
use record::{Code, Record, State};

/// So many ids of barcode rows without a product are named.
const ORPHANS: usize = 5;

/// An external id with all that is known of it.
#[derive(Debug, Clone, Copy)]
struct Slot {
    record: At,
    /// The first of its barcodes.
    codes: At,
}

/// Everything read from one source in one run.
#[derive(Debug, Default)]
pub struct Listing {
    texts: Arena,
    slots: Vec<Slot>,
    index: Index,
    keys: KeyRules,
    /// What a slot is found by, where that is another text than its id.
    folded: HashMap<u32, Box<str>>,
    /// Products of which a barcode row was unreadable.
    incomplete: BTreeSet<u32>,
    /// Products of which the price was unreadable.
    unpriced: BTreeSet<u32>,
    /// What is probably meant by rows that no scanner sends.
    meant: BTreeMap<u32, Vec<Barcode>>,
    readable: usize,
    /// Everything but the products.
    rest: Catalogue,
}

/// A product's place in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(u32);

impl Listing {
    /// How many products can be used.
    #[must_use]
    pub fn len(&self) -> usize {
        self.readable
    }

    /// Is there no product that can be used?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.readable == 0
    }

    /// The counts and the rows that were left out; without products.
    #[must_use]
    pub fn about(&self) -> &Catalogue {
        &self.rest
    }

    /// Where a product stands, in whatever spelling that is the same key; `None` when there is none that can be used.
    #[must_use]
    pub fn find(&self, id: &ExternalId) -> Option<Place> {
        let place = self.slot(id.as_str())?;
        (self.record(place).state == State::Product).then_some(Place(place))
    }

    /// An id as this reading spells it, whether or not the product can be used.
    #[must_use]
    pub fn spelt(&self, id: &ExternalId) -> Option<ExternalId> {
        self.spelling(id).map(|id| ExternalId::parse(id).expect("checked when it was read"))
    }

    fn spelling(&self, id: &ExternalId) -> Option<&str> {
        let record = self.record(self.slot(id.as_str())?);
        (record.state != State::Unclaimed).then(|| record.id())
    }

    /// By which ids products are to be called that these links, all of them that may be a product's, know in another
    /// spelling. Where two links are the same key, one of them is the product's; the exact one, if there is one.
    #[must_use]
    pub fn renamed<'l>(&self, links: impl IntoIterator<Item = &'l ExternalId>) -> BTreeMap<ExternalId, ExternalId> {
        let mut out: BTreeMap<ExternalId, ExternalId> = BTreeMap::new();
        let mut exact: BTreeSet<&str> = BTreeSet::new();
        if self.keys == KeyRules::default() {
            return out;
        }
        for id in links {
            match self.spelling(id) {
                Some(spelling) if spelling == id.as_str() => {
                    exact.insert(spelling);
                }
                Some(spelling) => {
                    let spelt = ExternalId::parse(spelling).expect("checked when it was read");
                    let link = out.entry(spelt).or_insert_with(|| id.clone());
                    if id < link {
                        link.clone_from(id);
                    }
                }
                None => {}
            }
        }
        out.retain(|spelt, _| !exact.contains(spelt.as_str()));
        out
    }

    /// Products of which the price or a barcode row was unreadable.
    pub fn incomplete(&self) -> impl Iterator<Item = ExternalId> + '_ {
        let either = self.incomplete.union(&self.unpriced).copied();
        either.filter(|at| self.record(*at).state == State::Product).map(|at| self.id(Place(at)))
    }

    /// Is the list of this id's barcodes not whole, as far as it has one?
    #[must_use]
    pub fn is_incomplete(&self, id: &ExternalId) -> bool {
        self.slot(id.as_str()).is_some_and(|at| self.incomplete.contains(&at))
    }

    /// The id of a product.
    ///
    /// # Panics
    /// When the place is another listing's.
    #[must_use]
    pub fn id(&self, place: Place) -> ExternalId {
        ExternalId::parse(self.record(place.0).id()).expect("checked when it was read")
    }

    /// All products that can be used, in no order that means anything.
    pub fn products(&self) -> impl Iterator<Item = Place> + '_ {
        let count = u32::try_from(self.slots.len()).expect("places are numbered by 32 bits");
        (0..count).filter(|at| self.record(*at).state == State::Product).map(Place)
    }

    /// All ids that product rows came for, readable or not: their barcodes are claims.
    fn claimants(&self) -> impl Iterator<Item = Place> + '_ {
        let count = u32::try_from(self.slots.len()).expect("places are numbered by 32 bits");
        (0..count).filter(|at| self.record(*at).state != State::Unclaimed).map(Place)
    }

    /// These products, as far as they are there and can be used, with everything that is known of the listing as a whole.
    #[must_use]
    pub fn pick<'a>(&self, ids: impl IntoIterator<Item = &'a ExternalId>) -> Catalogue {
        Catalogue { readable: self.readable, products: self.products_of(ids), ..self.rest.clone() }
    }

    /// What was read of these ids, and nothing of the listing as a whole: it may be large, and is asked for again and again.
    #[must_use]
    pub fn part_of<'a>(&self, ids: impl IntoIterator<Item = &'a ExternalId> + Clone) -> Catalogue {
        let unread = ids.clone().into_iter().filter_map(|id| Some((id.clone(), self.rest.unreadable.get(id)?.clone())));
        Catalogue { products: self.products_of(ids), unreadable: unread.collect(), ..Catalogue::default() }
    }

    fn products_of<'a>(&self, ids: impl IntoIterator<Item = &'a ExternalId>) -> BTreeMap<ExternalId, ExternalProduct> {
        let places = ids.into_iter().filter_map(|id| self.find(id));
        places.map(|place| self.product(place)).map(|p| (p.id.clone(), p)).collect()
    }

    /// All products.
    #[must_use]
    pub fn whole(&self) -> Catalogue {
        let mut out = Catalogue { readable: self.readable, ..self.rest.clone() };
        out.products = self.products().map(|place| self.product(place)).map(|p| (p.id.clone(), p)).collect();
        out
    }

    fn product(&self, place: Place) -> ExternalProduct {
        const CHECKED: &str = "checked when it was read";
        let record = self.record(place.0);
        ExternalProduct {
            id: ExternalId::parse(record.id()).expect(CHECKED),
            name: ProductName::parse(record.name()).expect(CHECKED),
            price: Some(record.price()).filter(|p| !p.is_empty()).map(|p| Price::parse(p).expect(CHECKED)),
            barcodes: self.barcodes(place.0),
            price_unreadable: self.unpriced.contains(&place.0),
            barcodes_incomplete: self.incomplete.contains(&place.0),
            meant: self.meant.get(&place.0).cloned().unwrap_or_default(),
        }
    }

    fn barcodes(&self, at: u32) -> Vec<Barcode> {
        let parsed = |code: Code<'_>| Barcode::parse(code.text()).ok().flatten().expect("checked when it was read");
        self.codes(at).map(parsed).collect()
    }

    /// The digests of this side.
    #[must_use]
    pub fn buckets(&self, bits: u32, line: Line) -> Buckets {
        let mut out = Buckets::new(bits);
        for slot in &self.slots {
            let record = Record::read(&self.texts, slot.record);
            if record.state == State::Product {
                out.add(record.hash, self.digest_of(&record, slot.codes, line));
            }
        }
        out
    }

    /// A product's [`id_hash`].
    #[must_use]
    pub fn hash(&self, place: Place) -> u32 {
        self.record(place.0).hash
    }

    /// The digest of a product's line.
    #[must_use]
    pub fn digest(&self, place: Place, line: Line) -> u64 {
        self.digest_of(&self.record(place.0), self.slots[place.0 as usize].codes, line)
    }

    fn digest_of(&self, record: &Record<'_>, codes: At, line: Line) -> u64 {
        match line {
            Line::Prices => line_digest(&[record.id_bytes(), &[SEPARATOR], record.price().as_bytes()]),
            // Most products have one code or none.
            Line::Whole if codes == At::NONE => line_digest(&[record.line]),
            Line::Whole => {
                let first = Code::read(&self.texts, codes);
                if first.next == At::NONE {
                    return line_digest(&[record.line, first.bytes]);
                }
                let mut parts = vec![record.line, first.bytes];
                parts.extend(Code::list(&self.texts, first.next).flat_map(|code| [b"\n", code.bytes]));
                line_digest(&parts)
            }
        }
    }

    fn record(&self, at: u32) -> Record<'_> {
        Record::read(&self.texts, self.slots[at as usize].record)
    }

    fn codes(&self, at: u32) -> impl Iterator<Item = Code<'_>> + '_ {
        Code::list(&self.texts, self.slots[at as usize].codes)
    }

    fn slot(&self, id: &str) -> Option<u32> {
        let Self { texts, slots, folded, index, keys, .. } = self;
        index.find(keys.key(id).as_bytes(), |at| key_of(texts, slots, folded, at))
    }

    /// Does this slot have this id?
    fn is(&self, at: u32, id: &str) -> bool {
        self.slots
            .get(at as usize)
            .is_some_and(|slot| Record::read(&self.texts, slot.record).id_bytes() == id.as_bytes())
    }

    /// The slot of an id while rows come.
    fn look_up(&mut self, id: &str) -> Option<u32> {
        let Self { texts, slots, folded, index, keys, .. } = self;
        index.look_up(keys.of_row(id).as_bytes(), |at| key_of(texts, slots, folded, at))
    }

    /// The slot of an id, made when there is none.
    fn slot_or_new(&mut self, id: &str) -> u32 {
        self.look_up(id).unwrap_or_else(|| {
            let record = Record::write(&mut self.texts, State::Unclaimed, id_hash(id), [id, "", ""]);
            self.put(id, Slot { record, codes: At::NONE })
        })
    }

    /// A slot for an id that has none.
    fn put(&mut self, id: &str, slot: Slot) -> u32 {
        let at = u32::try_from(self.slots.len()).expect("places are numbered by 32 bits");
        self.slots.push(slot);
        self.fold(at, id);
        let Self { texts, slots, folded, index, .. } = self;
        index.push(at, |at| key_of(texts, slots, folded, at));
        at
    }

    /// Writes a record in the place of a slot's: of the same key, in its own spelling.
    fn replace(&mut self, at: u32, id: &str, record: At) {
        self.slots[at as usize].record = record;
        self.fold(at, id);
    }

    fn fold(&mut self, at: u32, id: &str) {
        match self.keys.of_row(id) {
            key if *key != *id => {
                self.folded.insert(at, key.into());
            }
            // Most sources need none.
            _ if self.folded.is_empty() => {}
            _ => {
                self.folded.remove(&at);
            }
        }
    }
}

/// What a slot is found by.
fn key_of<'a>(texts: &'a Arena, slots: &[Slot], folded: &'a HashMap<u32, Box<str>>, at: u32) -> &'a [u8] {
    if !folded.is_empty()
        && let Some(key) = folded.get(&at)
    {
        return key.as_bytes();
    }
    Record::read(texts, slots[at as usize].record).id_bytes()
}

/// So many barcodes that no scanner sends are named one by one.
const NAMED: usize = 100_000;

/// Puts a [`Listing`] together, row by row, in whatever order the rows come.
#[derive(Debug)]
pub struct ListingBuilder {
    order: BarcodeOrder,
    /// Names with letters that were lost are taken as they are.
    damaged_names: bool,
    codes: CodeRules,
    listing: Listing,
    /// Numbers of which only the whole tells whether they are codes: whose, where they are written, in which form.
    doubtful: Vec<(u32, At, Form)>,
    tally: Tally,
    /// Barcodes that no scanner sends.
    unscannable: usize,
    repeated: BTreeSet<u32>,
    /// Whose barcode came last. Tables are mostly read in the order of their ids: the next one is this product's, or the next
    /// one's, and need not be looked for.
    last: u32,
    /// Where a price is written before it is stored.
    price: String,
}

impl ListingBuilder {
    /// An empty listing.
    #[must_use]
    pub fn new(order: BarcodeOrder) -> Self {
        Self {
            order,
            damaged_names: false,
            codes: CodeRules::default(),
            listing: Listing::default(),
            doubtful: Vec::new(),
            tally: Tally::default(),
            unscannable: 0,
            repeated: BTreeSet::new(),
            last: 0,
            price: String::new(),
        }
    }

    /// Takes names with U+FFFD as they are, or (without this) leaves their products out.
    #[must_use]
    pub fn with_damaged_names(mut self, taken: bool) -> Self {
        self.damaged_names = taken;
        self
    }

    /// What counts as a barcode.
    #[must_use]
    pub fn with_codes(mut self, codes: CodeRules) -> Self {
        self.codes = codes;
        self
    }

    /// How ids compare; before the first row.
    #[must_use]
    pub fn with_keys(mut self, keys: KeyRules) -> Self {
        self.listing.keys = keys;
        self
    }

    fn bad(&mut self, id: Option<&str>, kind: BadRowKind, message: String) {
        let id = id.and_then(|id| ExternalId::parse(id).ok());
        self.listing.rest.bad_rows.push(BadRow { id, kind, barcode_row: false, message });
    }

    fn bad_code(&mut self, id: Option<&str>, kind: BadRowKind, message: String) {
        self.bad(id, kind, message);
        self.listing.rest.bad_rows.last_mut().expect("one was just pushed").barcode_row = true;
    }

    /// Takes a product row; the price is `Err` with the reason when the value is no decimal that we can hold.
    pub fn product(&mut self, id: Option<&str>, name: Option<&str>, price: Result<Option<Price>, String>) {
        self.row(id, name, price, true);
    }

    /// Takes a product row; whether its name was read, and has to be looked at.
    fn row(&mut self, id: Option<&str>, name: Option<&str>, price: Result<Option<Price>, String>, named: bool) {
        self.listing.rest.product_rows += 1;
        let id = match ExternalId::check(id.unwrap_or_default()) {
            Ok(id) => id,
            Err(e) => {
                self.listing.rest.unidentified += 1;
                let name = name.unwrap_or("NULL").trim();
                let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
                return self.bad(None, BadRowKind::Id, format!("product row named {shown:?}: {e}"));
            }
        };
        let known = self.listing.look_up(id);
        let seen = known.filter(|at| self.listing.record(*at).state != State::Unclaimed);
        // As it came first.
        let spelt = seen.map(|at| self.listing.record(at).id()).filter(|spelt| *spelt != id).map(str::to_owned);
        let id = spelt.as_deref().unwrap_or(id);
        if seen.is_some_and(|at| self.repeated.insert(at)) {
            let message = "several product rows have this id; none of them is used".to_owned();
            self.bad(Some(id), BadRowKind::DuplicateId, message);
        }
        // Judged even when the id is out already, so that the report does not depend on the order of rows.
        let name = name.unwrap_or_default();
        let name = if self.damaged_names { ProductName::check_damaged(name) } else { ProductName::check(name) };
        let name = name.map_err(|e| self.bad(Some(id), BadRowKind::Name, e.to_string()));
        if let Err(e) = &price {
            self.bad(Some(id), BadRowKind::Price, format!("{e}; Odoo's price is left as it is"));
        }
        if let Ok(name) = name.as_ref()
            && named
        {
            self.listing.rest.suspects.look(id, name);
        }
        let (Ok(name), None) = (name, seen) else { return self.unreadable(id) };
        self.price.clear();
        let unpriced = price.is_err();
        if let Some(price) = price.unwrap_or_default() {
            price.write_text(&mut self.price);
        }
        // Barcodes may have come before, under another spelling of the id.
        let hash =
            known.map(|at| self.listing.record(at)).filter(|r| r.id() == id).map_or_else(|| id_hash(id), |r| r.hash);
        let texts = [id, &*name, &*self.price];
        let record = Record::write(&mut self.listing.texts, State::Product, hash, texts);
        self.listing.readable += 1;
        let at = match known {
            Some(at) => {
                self.listing.replace(at, id, record);
                at
            }
            None => self.listing.put(id, Slot { record, codes: At::NONE }),
        };
        if unpriced {
            self.listing.unpriced.insert(at);
        }
    }

    fn unreadable(&mut self, id: &str) {
        let at = self.listing.slot_or_new(id);
        let state = self.listing.record(at).state;
        if state == State::Product {
            self.listing.readable -= 1;
        }
        if state != State::Unreadable {
            let record = Record::write(&mut self.listing.texts, State::Unreadable, id_hash(id), [id, "", ""]);
            self.listing.replace(at, id, record);
            let id = ExternalId::parse(id).ok();
            self.listing.rest.unreadable.extend(id.map(|id| (id, Unreadable::default())));
        }
    }

    /// Takes a product row of which the name was not read; the id stands in for it.
    pub fn price(&mut self, id: Option<&str>, price: Result<Option<Price>, String>) {
        self.row(id, id, price, false);
    }

    /// Takes a barcode row; an empty or NULL code is no code.
    pub fn barcode(&mut self, id: Option<&str>, code: Option<&str>) {
        self.listing.rest.barcode_rows += 1;
        let id = match ExternalId::check(id.unwrap_or_default()) {
            Ok(id) => id,
            Err(e) => return self.bad_code(None, BadRowKind::Id, format!("barcode row: {e}")),
        };
        let verdict = self.codes.judge(code.unwrap_or_default());
        self.listing.rest.barcodes += usize::from(verdict != Verdict::Empty);
        match verdict {
            Verdict::Code(code) => {
                let at = self.near(id);
                let Listing { texts, slots, .. } = &mut self.listing;
                let slot = &mut slots[at as usize];
                slot.codes = Code::write(texts, &code, slot.codes);
            }
            Verdict::Empty => {}
            Verdict::Placeholder => self.listing.rest.placeholders.add(clean(code.unwrap_or_default()).into_owned()),
            Verdict::Odd(odd) => {
                let at = self.near(id);
                self.odd(at, odd);
            }
            Verdict::Doubtful(form, code, odd) => {
                self.tally.count(form, odd.is_some());
                let at = self.near(id);
                let Listing { texts, slots, .. } = &mut self.listing;
                if odd.is_some() {
                    self.doubtful.push((at, Code::write(texts, &code, At::NONE), form));
                } else {
                    let slot = &mut slots[at as usize];
                    slot.codes = Code::write(texts, &code, slot.codes);
                }
            }
        }
    }

    /// The slot of a barcode's id.
    fn near(&mut self, id: &str) -> u32 {
        let near = [self.last, self.last.saturating_add(1)].into_iter().find(|at| self.listing.is(*at, id));
        self.last = near.unwrap_or_else(|| self.listing.slot_or_new(id));
        self.last
    }

    /// Notes a text that is not written.
    fn odd(&mut self, at: u32, odd: Odd) {
        let damaged = match odd.why {
            Why::TooLong => Some(BarcodeError::TooLong),
            Why::Character(c) => Some(BarcodeError::Character(c)),
            _ => None,
        };
        let meant = odd.meant.first().map(|code| format!("; probably {code} is meant")).unwrap_or_default();
        let id = ExternalId::parse(self.listing.record(at).id()).ok();
        let (kind, message) = match damaged {
            Some(error) => (BadRowKind::Barcode, format!("{error}{meant}")),
            None => (BadRowKind::Unscannable, odd.to_string()),
        };
        // A column of millions of them is one finding about the column.
        if kind != BadRowKind::Unscannable || self.unscannable < NAMED {
            self.listing.rest.bad_rows.push(BadRow { id, kind, message, barcode_row: true });
        }
        self.unscannable += usize::from(kind == BadRowKind::Unscannable);
        self.listing.incomplete.insert(at);
        if !odd.meant.is_empty() {
            let meant = self.listing.meant.entry(at).or_default();
            meant.extend(odd.meant);
            meant.sort();
            meant.dedup();
        }
    }

    /// Decides about the numbers of which only the whole tells.
    fn settle_doubts(&mut self) {
        for (at, node, form) in std::mem::take(&mut self.doubtful) {
            if self.tally.are_gtins(form) {
                let text = Code::read(&self.listing.texts, node).text().to_owned();
                if let Verdict::Doubtful(_, _, Some(odd)) = self.codes.judge(&text) {
                    self.odd(at, odd);
                }
            } else {
                let Listing { texts, slots, .. } = &mut self.listing;
                let slot = &mut slots[at as usize];
                Code::relink(texts, node, slot.codes);
                slot.codes = node;
            }
        }
    }

    /// Brings the barcodes of each product into their order, each code once.
    #[must_use]
    pub fn finish(mut self) -> Listing {
        self.settle_doubts();
        let listing = &mut self.listing;
        for at in 0..listing.slots.len() {
            let slot = listing.slots[at];
            let Some(first) = Code::list(&listing.texts, slot.codes).next() else { continue };
            let record = Record::read(&listing.texts, slot.record);
            if record.state == State::Unclaimed {
                listing.rest.orphan_barcodes += Code::list(&listing.texts, slot.codes).count();
                listing.rest.orphans.extend(ExternalId::parse(record.id()));
                if listing.rest.orphans.len() > ORPHANS {
                    listing.rest.orphans.pop_last();
                }
            }
            if record.state != State::Unclaimed && first.next != At::NONE {
                let id = ExternalId::parse(record.id()).expect("checked when it was read");
                listing.slots[at].codes = arrange(self.order, listing, slot.codes, &id);
            }
        }
        let mut unreadable = std::mem::take(&mut listing.rest.unreadable);
        for (id, known) in &mut unreadable {
            let Some(at) = listing.slot(id.as_str()) else { continue };
            *known =
                Unreadable { barcodes: listing.barcodes(at), barcodes_incomplete: listing.incomplete.contains(&at) };
        }
        listing.rest.unreadable = unreadable;
        listing.rest.respelled.sort_by(|a, b| a.id.cmp(&b.id));
        listing.rest.bad_rows.sort();
        // One text twice at a product is one finding, as one code twice is one code.
        listing.rest.bad_rows.dedup_by(|a, b| a == b && a.kind == BadRowKind::Unscannable);
        if let Some(more) = self.unscannable.checked_sub(NAMED).filter(|more| *more > 0) {
            let message =
                format!("{more} more barcodes that no scanner sends are not listed one by one; look at the column");
            let kind = BadRowKind::Unscannable;
            listing.rest.bad_rows.insert(0, BadRow { id: None, kind, message, barcode_row: true });
        }
        self.listing
    }
}

/// Links the codes of a list anew, in order and without repetitions.
fn arrange(order: BarcodeOrder, listing: &mut Listing, list: At, id: &ExternalId) -> At {
    let mut nodes: Vec<(Barcode, At)> = Vec::new();
    let mut at = list;
    while at != At::NONE {
        let code = Code::read(&listing.texts, at);
        nodes.extend(Barcode::parse(code.text()).ok().flatten().map(|code| (code, at)));
        at = code.next;
    }
    let mut codes: Vec<Barcode> = nodes.iter().map(|(code, _)| code.clone()).collect();
    // A broken query may give all barcodes of a shop to one id.
    nodes.sort_by(|a, b| a.0.cmp(&b.0));
    for (kept, dropped) in order.arrange(&mut codes) {
        listing.rest.respelled.push(Respelled { id: id.clone(), kept, dropped });
    }
    let node = |code: &Barcode| nodes[nodes.partition_point(|(other, _)| other < code)].1;
    let mut next = At::NONE;
    for code in codes.iter().rev() {
        let at = node(code);
        Code::relink(&mut listing.texts, at, next);
        next = at;
    }
    next
}

#[cfg(test)]
mod tests;
