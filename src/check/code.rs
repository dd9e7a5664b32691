//! The kinds of findings. Their names are documented (`docs/findings.md`) and stay for ever; a test compares the two lists.

/// How much a finding matters. Errors and warnings count for the exit status, information does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A code is on two articles, or cannot be given to the right one: somebody has to settle it.
    Error,
    /// Probably a mistake: somebody should look.
    Warning,
    /// Usual, or settled by the next import.
    Info,
}

impl Severity {
    /// All, in order.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Info];

    /// The word in every format.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident: $severity:ident, $name:literal, $meaning:literal, $remedy:literal;)*) => {
        /// A kind of finding, in the order in which findings are listed: what matters most comes first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)* }

        impl Code {
            /// All, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name, in kebab-case.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How much it matters.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// What it means, as a fragment.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// What settles it, as a fragment.
            #[must_use]
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)* }
            }
        }
    };
}

codes! {
    /// The source has no products, or no barcodes: a failed read, or the wrong tables.
    EmptySource: Error, "empty-source",
        "the source has no products or no barcodes, so nothing of it was compared",
        "look at the queries in sync.toml, the account's rights, and whether the accounting system is loading data";
    /// Several products of the source list one code.
    DuplicateInSource: Error, "duplicate-in-source",
        "several products of the source list one barcode",
        "list it at one product only, in the source; until then an import gives it to nobody who has not got it";
    /// An active product in Odoo has a code of the source without being linked to it.
    ForeignHolderActive: Error, "foreign-holder-active",
        "an active product in Odoo that is not linked to this source has a barcode of the source",
        "take the barcode off that product in Odoo, or link it to the source's product under External products";
    /// An archived one.
    ForeignHolderArchived: Error, "foreign-holder-archived",
        "an archived product in Odoo that is not linked to this source has a barcode of the source",
        "take the barcode off the archived product in Odoo (filter: Archived)";
    /// Another company's.
    ForeignHolderOtherCompany: Error, "foreign-holder-other-company",
        "a product of another company in Odoo has a barcode of the source",
        "settle with that company whose barcode it is; as its user, take it off the product, or share the product";
    /// A packaging.
    ForeignHolderPackaging: Error, "foreign-holder-packaging",
        "a packaging of another product in Odoo has a barcode of the source",
        "take the barcode off the packaging in Odoo, or off the product in the source";
    /// A unit.
    ForeignHolderUnit: Error, "foreign-holder-unit",
        "a unit barcode of another product in Odoo is a barcode of the source",
        "take the unit barcode off the product in Odoo, or off the product in the source";
    /// Two active products in Odoo have one code.
    DuplicateInOdoo: Error, "duplicate-in-odoo",
        "several active products in Odoo have one barcode; a scan finds any of them",
        "take the barcode off all of them but one, or archive the others";
    /// Codes of different products of the source that differ in leading zeros or blanks only.
    NearDuplicateInSource: Warning, "near-duplicate-in-source",
        "barcodes of several products of the source differ in leading zeros or blanks only",
        "write the number in full at the product that has it, in the source, and take it off the others";
    /// A product in Odoo outside the source has a code that differs from the source's in leading zeros or blanks only.
    NearForeignHolder: Warning, "near-foreign-holder",
        "an active record in Odoo outside the source has a barcode that differs from the source's in leading zeros or blanks only",
        "if it is the same article, link it under External products and correct the barcode; otherwise correct the one that is wrong";
    /// The same between two active products in Odoo.
    NearDuplicateInOdoo: Warning, "near-duplicate-in-odoo",
        "barcodes of several active products in Odoo are one number, written in different ways",
        "write the number in full at the product that has it, and take it off the others";
    /// A linked product has a code of its own source product in other writing.
    RespelledInOdoo: Warning, "respelled-in-odoo",
        "a linked product has its barcode in another spelling than the source: leading zeros or blanks",
        "write it in Odoo as the source does, or correct the source; a scanner reads one of the two only";
    /// Somebody gave a linked product another barcode in Odoo.
    BarcodeEdited: Warning, "barcode-edited",
        "a linked product has a barcode that the source does not list and that erpsync did not write",
        "add the barcode to the product in the source, or take it off in Odoo; an import does what sync.barcode says";
    /// Somebody took a linked product's barcode away in Odoo.
    BarcodeRemoved: Warning, "barcode-removed",
        "a linked product has no barcode although erpsync wrote one: somebody took it away in Odoo",
        "take it off in the source too if that was right; an import does what sync.barcode says";
    /// A linked product has none, as all its codes are taken.
    BarcodeWithheld: Warning, "barcode-withheld",
        "a linked product has no barcode, as every code that the source lists for it is taken",
        "settle the findings about its barcodes; the next import then assigns one";
    /// A check digit in the source is wrong.
    WrongCheckDigitInSource: Warning, "wrong-check-digit-in-source",
        "a barcode of the source has the length of a GTIN and a wrong check digit",
        "compare with the article's label and correct the source; a scanner never reads the number as it stands";
    /// A check digit in Odoo is wrong.
    WrongCheckDigitInOdoo: Warning, "wrong-check-digit-in-odoo",
        "a barcode in Odoo has the length of a GTIN and a wrong check digit",
        "compare with the article's label and correct it in Odoo; a scanner never reads the number as it stands";
    /// A weighed article's code in the source is not the one that Odoo looks for.
    WeighedCodeInSource: Warning, "weighed-code-in-source",
        "a barcode of the source is not the one that Odoo looks for when the article's label is scanned",
        "write the code that is named into the source; the rules stand in Odoo's barcode nomenclature";
    /// The same of a code in Odoo.
    WeighedCodeInOdoo: Warning, "weighed-code-in-odoo",
        "a barcode in Odoo is not the one that Odoo looks for when the article's label is scanned",
        "write the code that is named at the product in Odoo; the rules stand in Odoo's barcode nomenclature";
    /// A code of the source stands there as no scanner sends it.
    UnscannableBarcode: Warning, "unscannable-barcode",
        "a barcode of the source is written as no scanner sends it, and is not imported",
        "write the code that is named into the source, or set barcode_format = \"any\" where such texts are codes";
    /// The same in Odoo.
    UnscannableInOdoo: Warning, "unscannable-in-odoo",
        "a barcode in Odoo is written as no scanner sends it",
        "write the code that is named at the product in Odoo";
    /// So many barcode rows without a product that the two queries may not fit together.
    MisjoinedBarcodes: Warning, "misjoined-barcodes",
        "so many barcode rows belong to no product row that the two queries may not fit together; no product loses its barcode meanwhile",
        "look at the two queries in sync.toml, and at their ids; where it is right, raise max_orphans";
    /// Names in the wrong code page.
    GarbledNames: Warning, "garbled-names",
        "names of the source look like bytes of one code page that were read as another's",
        "have the accounting system's vendor correct the column's collation, or convert it in the query; what is imported is what is shown";
    /// Names with HTML entities.
    HtmlInNames: Warning, "html-in-names",
        "names of the source have signs spelt as in a web page",
        "write the signs themselves into the source";
    /// A barcode row of the source cannot be used.
    UnreadableBarcode: Warning, "unreadable-barcode",
        "a barcode row of the source cannot be used",
        "correct the row in the source; until then the product keeps the barcode that it has in Odoo";
    /// A product row of the source cannot be used.
    UnreadableProduct: Warning, "unreadable-product",
        "a row of the source has no usable id or name, so its barcodes were not checked",
        "correct the row in the source";
    /// An existing product in Odoo that the next import recognises.
    HolderToAdopt: Info, "holder-to-adopt",
        "a product in Odoo has a barcode of a source product that has no link yet",
        "nothing to do: the next import recognises the product by the barcode and links it, unless an earlier match rule finds another";
    /// An import has not run since the source changed.
    BarcodePending: Info, "barcode-pending",
        "a linked product has not got what the source lists now; nobody edited it in Odoo",
        "nothing to do: the next import settles it, unless \"Don't touch\" is set on the link";
    /// Another source owns what this one says otherwise.
    Overruled: Info, "overruled",
        "another source owns a field of a product that both have, and says something else",
        "nothing to do if that source is right; otherwise correct it there, or give the field to this source (sync.source_order, owns)";
    /// A product of the source lists several codes.
    SeveralBarcodes: Info, "several-barcodes",
        "a product of the source lists several barcodes; the product in Odoo has one of them",
        "nothing to do, unless the others shall scan as well: Odoo keeps one barcode a product";
    /// A product of the source lists one code in several spellings.
    RespelledInSource: Info, "respelled-in-source",
        "a product of the source lists one barcode in several spellings",
        "nothing to do; to tidy up, keep the spelling that is on the label";
    /// UPC-A on one side, EAN-13 on the other.
    UpcAndEan: Info, "upc-and-ean",
        "a linked product's barcode is a UPC-A, and in the source the same EAN-13, or the other way round",
        "nothing to do: Odoo's barcode nomenclature converts one into the other, unless that was switched off";
    /// Barcode rows that say that there is no code.
    Placeholders: Info, "placeholders",
        "barcode rows of the source say that there is no code",
        "nothing to do: they count as no barcode; which words do, placeholders in sync.toml says";
    /// Barcode rows without a product.
    OrphanBarcodes: Info, "orphan-barcodes",
        "barcode rows of the source belong to no product row",
        "nothing to do where products are deleted and barcodes stay; otherwise look at the two queries in sync.toml";
}

impl Code {
    /// The code of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}
