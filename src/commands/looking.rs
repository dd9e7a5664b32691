//! What a plan has to know: of the source what was read, of Odoo the links that may have something to do, and what has to
//! do with them. Reads only.
//!
//! Odoo is asked for its digests while the source is read. Only what they tell apart is fetched then, see [`narrow`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::catalog::digest::Line;
use crate::catalog::{Catalogue, ExternalId, Listing, OdooState, Rest, SourceName};
use crate::mssql::{Reading, SourceError};
use crate::odoo::digest::{self, Rules, Summary};
use crate::odoo::snapshot::{self, Answers, Doubled, Links, Wanted};
use crate::odoo::{OdooError, Session};
use crate::plan::narrow::{self, Comparison, Narrowing};
use crate::plan::{self, ExtraBarcodes, FieldPolicy, MissingPolicy, Policy, Scope};

use super::{Failure, Signals};

/// What a plan is computed from.
pub(super) struct Seen {
    pub catalogue: Catalogue,
    pub odoo: OdooState,
    pub scope: Scope,
}

/// Looks at both sides of one source.
pub(super) struct Looking<'a> {
    pub session: &'a Session,
    pub source: &'a SourceName,
    pub policy: &'a Policy,
    /// What the plan compares.
    pub line: Line,
    /// The lease's token, if the run has one.
    pub token: Option<&'a str>,
    /// Only these products.
    pub only: Option<&'a BTreeSet<ExternalId>>,
}

impl Looking<'_> {
    /// Reads the source, and of Odoo what has to be known; `full` compares every product.
    ///
    /// # Errors
    /// See [`Failure`]; [`Failure::Usage`] when a product that was named is on neither side.
    pub async fn at(
        &self,
        reading: impl Future<Output = Result<Reading, SourceError>>,
        full: bool,
        signals: &Signals,
    ) -> Result<Seen, Failure> {
        let started = Instant::now();
        let both = async {
            let reading = async { reading.await.map_err(Failure::from) };
            let summary = async { if full { Ok(None) } else { self.summary().await.map(Some).map_err(Failure::from) } };
            tokio::try_join!(reading, summary)
        };
        let (reading, summary) = signals.unless_interrupted(both).await?;
        for warning in &reading.warnings {
            log::info!("source {}: {warning}", self.source);
        }
        let listing = reading.listing;
        self.warn(listing.about());
        log::info!(
            "source {}: {} products and {} barcodes read in {:.1} s",
            self.source,
            listing.about().product_rows,
            listing.about().barcode_rows,
            started.elapsed().as_secs_f64()
        );
        let seen = match summary {
            None => signals.unless_interrupted(self.everything(&listing)).await?,
            Some(summary) => signals.unless_interrupted(self.narrowed(&listing, summary)).await?,
        };
        log::info!("Odoo: {} of {} links looked at; planning", seen.odoo.links.len(), seen.odoo.linked());
        Ok(seen)
    }

    /// Says what looks wrong about a reading as a whole, and hinders no run.
    fn warn(&self, read: &Catalogue) {
        let Catalogue { orphan_barcodes: orphans, barcode_rows: rows, .. } = read;
        if self.policy.guards.max_orphans.is_exceeded(*orphans, *rows) {
            let some: Vec<&str> = read.orphans.iter().map(ExternalId::as_str).collect();
            log::warn!(
                "source {}: {orphans} of {rows} barcode rows have ids that no product row has, such as {}; the two queries may not fit together",
                self.source,
                some.join(", ")
            );
        }
        if let Some(warning) = read.suspects.garbled_words(read.product_rows) {
            log::warn!("source {}: {warning}", self.source);
        }
    }

    /// Asks for the digests.
    ///
    /// # Errors
    /// See [`OdooError`].
    async fn summary(&self) -> Result<Summary, OdooError> {
        let Policy { name, price, missing, precedence, .. } = self.policy;
        let rules = Rules {
            line: self.line,
            leave_names: *name == FieldPolicy::Odoo,
            leave_prices: *price == FieldPolicy::Odoo,
            extras: self.extras(),
            archive: *missing == MissingPolicy::Archive,
            barcodes: self.policy.barcodes,
            precedence,
        };
        digest::summary(self.session, self.source, rules, self.token).await
    }

    fn extras(&self) -> bool {
        self.policy.extra_barcodes == ExtraBarcodes::Packaging
    }

    fn wanted(&self, only: Option<Vec<ExternalId>>) -> Wanted {
        Wanted { prices_only: self.line == Line::Prices, extras: self.extras(), only }
    }

    /// Everything there is, product by product.
    ///
    /// # Errors
    /// See [`OdooError`]; [`Failure::Usage`] when a product that was named is on neither side.
    async fn everything(&self, listing: &Listing) -> Result<Seen, Failure> {
        let mut catalogue = listing.whole();
        let links = snapshot::read_links(self.session, self.source, &self.wanted(None)).await?;
        let renamed = listing.renamed(links.links.keys());
        catalogue.rename(&renamed);
        let scope = self.scope(listing, &links, &renamed)?;
        let answers = match self.line {
            Line::Whole => self.look_up(&catalogue, &links, &scope, Doubled::All).await?,
            Line::Prices => Answers::default(),
        };
        Ok(Seen { catalogue, odoo: snapshot::state(self.session, links, answers), scope })
    }

    /// What may have something to do, as the digests tell.
    ///
    /// # Errors
    /// As [`Looking::everything`].
    async fn narrowed(&self, listing: &Listing, summary: Summary) -> Result<Seen, Failure> {
        let Summary { links: count, missing, overruled, looks, mut doubled, buckets } = summary;
        // In the source's spelling too: which of the two has the link is seen below.
        let spelt = |ids: &mut dyn Iterator<Item = &ExternalId>| -> BTreeSet<ExternalId> {
            ids.flat_map(|id| [Some(id.clone()), listing.spelt(id)]).flatten().collect()
        };
        let only = self.only.map(|only| spelt(&mut only.iter()));
        let wanted = spelt(&mut looks.iter().chain(only.iter().flatten()));
        // Either goes through the whole listing.
        let (mut narrowing, comparison) = std::thread::scope(|threads| {
            let comparison = threads.spawn(|| Comparison::new(listing, self.line, &buckets, count, looks));
            let narrowing = Narrowing::new(listing, self.line);
            (narrowing, comparison.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        narrowing.want(wanted);
        for page in comparison.pages() {
            let lines = digest::lines(self.session, self.source, self.line, page).await?;
            narrowing.want(comparison.changed(page, lines.into_iter()));
        }
        let mut links = Links::default();
        let mut answers = Answers::default();
        let mut first = true;
        loop {
            let asked = narrowing.to_ask();
            if asked.is_empty() {
                break;
            }
            let part =
                snapshot::read_links(self.session, self.source, &self.wanted(Some(asked.iter().cloned().collect())))
                    .await?;
            if first {
                links.decisions.clone_from(&part.decisions);
                links.chosen.clone_from(&part.chosen);
            }
            if self.line == Line::Whole {
                let scope = only.clone().map_or(Scope::All, Scope::Only);
                narrowing.follow_links(&part.links, &links.decisions);
                let told = self.look_up(&listing.part_of(&asked), &part, &scope, Doubled::These(&doubled)).await?;
                narrowing.want(told.linked.iter().cloned());
                let candidates = told.candidates.values().flatten().map(|c| &c.variant);
                candidates.chain(links.chosen.values().map(|(v, _)| v)).for_each(|v| narrowing.follow_variant(v));
                answers.extend(told);
            }
            links.links.extend(part.links);
            doubled.clear();
            first = false;
        }
        let renamed = listing.renamed(links.links.keys());
        let scope = self.scope(listing, &links, &renamed)?;
        let mut catalogue = narrowing.catalogue();
        catalogue.rename(&renamed);
        let known_missing = links.links.values().filter(|l| l.missing && l.product.is_some() && !l.no_touch).count();
        links.rest = Rest {
            links: count.saturating_sub(links.links.len()),
            unchanged: listing.len() - catalogue.products.len(),
            missing: match self.line {
                Line::Whole => missing.saturating_sub(known_missing),
                Line::Prices => 0,
            },
            overruled: overruled.less(narrow::overruled(
                links.links.values(),
                self.session.digits,
                self.extras(),
                self.line,
            )),
        };
        Ok(Seen { catalogue, odoo: snapshot::state(self.session, links, answers), scope })
    }

    async fn look_up(
        &self,
        catalogue: &Catalogue,
        links: &Links,
        scope: &Scope,
        doubled: Doubled<'_>,
    ) -> Result<Answers, OdooError> {
        let questions = plan::questions(catalogue, &links.links, &links.decisions, scope, self.extras());
        let unlinked: Vec<_> = questions
            .unlinked
            .into_iter()
            .map(|u| snapshot::Unlinked { id: u.id, name: u.name, codes: u.codes })
            .collect();
        let codes: Vec<String> = questions.codes.into_iter().collect();
        let rules = &self.policy.match_rules;
        snapshot::look_up(self.session, self.source, rules, &unlinked, &codes, doubled).await
    }

    /// The products that a run works on.
    ///
    /// # Errors
    /// When one that was named is on neither side.
    fn scope(
        &self,
        listing: &Listing,
        links: &Links,
        renamed: &BTreeMap<ExternalId, ExternalId>,
    ) -> Result<Scope, Failure> {
        let Some(only) = self.only else { return Ok(Scope::All) };
        let known = |id: &&ExternalId| listing.spelt(id).is_some() || links.links.contains_key(*id);
        let unknown: Vec<String> = only.iter().filter(|id| !known(id)).map(ToString::to_string).collect();
        if unknown.is_empty() {
            let called = |id: &ExternalId| {
                if links.links.contains_key(id) {
                    return id.clone();
                }
                let spelt = listing.spelt(id).unwrap_or_else(|| id.clone());
                renamed.get(&spelt).cloned().unwrap_or(spelt)
            };
            return Ok(Scope::Only(only.iter().map(called).collect()));
        }
        Err(Failure::Usage(format!("--only: source {} has no product {}", self.source, unknown.join(", "))))
    }
}
