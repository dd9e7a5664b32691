//! Which table holds the products and which the barcodes, by their names in English and Russian. Pure.
//!
//! A guess is a proposal: a person sees it with its first rows before it is written anywhere.

use crate::mssql::survey::{Table, TableColumn, quoted};

/// The queries and the names of their columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proposal {
    pub products_query: String,
    pub barcodes_query: String,
    pub id: String,
    pub name: String,
    pub price: String,
    pub barcode: String,
}

/// Words of which a table of products is likely called, each in the singular and plural that people use.
const PRODUCTS: &[&str] = &[
    "products",
    "product",
    "items",
    "item",
    "goods",
    "articles",
    "article",
    "nomenclature",
    "nomenklatura",
    "tovary",
    "tovar",
    "товары",
    "товар",
    "номенклатура",
    "продукты",
    "продукция",
];
const BARCODES: &[&str] = &["barcode", "штрихкод", "штрих", "shtrih", "ean"];

/// Names of columns, the likeliest first; what begins with `*` may stand anywhere in a name.
const ID: &[&str] = &[
    "productid",
    "itemid",
    "goodsid",
    "goodid",
    "articleid",
    "nomenclatureid",
    "tovarid",
    "товарid",
    "номенклатураid",
    "кодтовара",
    "кодноменклатуры",
    "productcode",
    "itemcode",
    "id",
    "код",
    "code",
    "ид",
    "kod",
    "артикул",
    "sku",
];
const NAME: &[&str] = &[
    "productname",
    "itemname",
    "goodsname",
    "articlename",
    "name",
    "наименование",
    "название",
    "title",
    "fullname",
    "naimenovanie",
    "description",
    "*наимен",
    "*name",
];
const PRICE: &[&str] = &[
    "price",
    "retailprice",
    "saleprice",
    "salesprice",
    "listprice",
    "unitprice",
    "цена",
    "розничнаяцена",
    "ценарозничная",
    "ценапродажи",
    "cena",
    "*price",
    "*цена",
];
const BARCODE: &[&str] =
    &["barcode", "ean13", "ean", "gtin", "upc", "штрихкод", "shtrihkod", "*barcode", "*штрих", "*ean", "*shtrih"];

const NUMBERS: &[&str] =
    &["money", "smallmoney", "decimal", "numeric", "int", "bigint", "smallint", "tinyint", "float", "real"];
const TEXTS: &[&str] = &["nvarchar", "varchar", "nchar", "char", "ntext", "text"];
const IDS: &[&str] = &[
    "int",
    "bigint",
    "smallint",
    "tinyint",
    "decimal",
    "numeric",
    "uniqueidentifier",
    "nvarchar",
    "varchar",
    "nchar",
    "char",
];

/// Rows of these are no longer goods; and these are set for the rows that are.
const GONE: &[&str] = &[
    "deleted",
    "isdeleted",
    "archived",
    "isarchived",
    "discontinued",
    "isdiscontinued",
    "inactive",
    "isinactive",
    "удален",
    "пометкаудаления",
    "вархиве",
];
const ALIVE: &[&str] =
    &["published", "ispublished", "active", "isactive", "enabled", "isenabled", "активен", "активный"];
const FLAGS: &[&str] = &["bit", "tinyint", "smallint", "int"];

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Guess {
    /// All that is needed.
    All(Proposal),
    /// Products, and nothing that has barcodes of theirs: `barcodes_query` is empty.
    Products(Proposal),
    /// Nothing that looks like products with id, name and price.
    Nothing,
}

/// Proposes what to read.
pub(super) fn propose(tables: &[Table]) -> Guess {
    let best = |with_barcodes: bool| {
        let found = tables.iter().filter_map(|products| proposal(tables, products, with_barcodes));
        // The first of the likeliest.
        found.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, proposal)| proposal)
    };
    match best(true) {
        Some(all) => Guess::All(all),
        None => best(false).map_or(Guess::Nothing, Guess::Products),
    }
}

/// What a table of products would be read by, and how likely it is one.
fn proposal(tables: &[Table], products: &Table, with_barcodes: bool) -> Option<(i32, Proposal)> {
    let worth = table_worth(&products.name, PRODUCTS)?;
    let own = |what: &[&str]| what.iter().map(|word| format!("{}{word}", stem(&products.name))).collect::<Vec<_>>();
    let named = |own: &[String], names: &[&str], kinds: &[&str]| {
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        find(products, &own, kinds).or_else(|| find(products, names, kinds))
    };
    let (id_worth, id) = named(&own(&["id", "code", "код"]), ID, IDS)?;
    let (name_worth, name) = named(&own(&["name", "title"]), NAME, TEXTS)?;
    let (price_worth, price) = named(&own(&["price"]), PRICE, NUMBERS)?;
    let worth = worth * 10 + id_worth + name_worth + price_worth;
    let left_out = conditions(products);
    let only = match left_out.as_slice() {
        [] => String::new(),
        all => format!(" WHERE {}", all.join(" AND ")),
    };
    let from = full_name(products);
    let mut proposal = Proposal {
        products_query: format!(
            "SELECT {}, {}, {} FROM {from}{only}",
            quoted(&id.name),
            quoted(&name.name),
            exact(price)
        ),
        barcodes_query: String::new(),
        id: id.name.clone(),
        name: name.name.clone(),
        price: price.name.clone(),
        barcode: "Barcode".to_owned(),
    };
    if !with_barcodes {
        return Some((worth, proposal));
    }
    let (codes_worth, codes, codes_id, code) = barcodes(tables, products, id)?;
    // Barcodes of rows that are left out would have no product.
    let only = match (codes == products, only.is_empty()) {
        (true, _) => only,
        (false, true) => String::new(),
        (false, false) => {
            format!(" WHERE {} IN (SELECT {} FROM {from}{only})", quoted(&codes_id.name), quoted(&id.name))
        }
    };
    proposal.barcodes_query = format!(
        "SELECT {}, {} FROM {}{only}",
        as_named(&codes_id.name, &id.name),
        quoted(&code.name),
        full_name(codes)
    );
    proposal.barcode.clone_from(&code.name);
    Some((worth + codes_worth, proposal))
}

/// What leaves out the rows that are deleted, or not meant to be sold. A flag that is NULL says nothing.
fn conditions(products: &Table) -> Vec<String> {
    let flags = |names: &'static [&str]| {
        let is_one = |column: &&TableColumn| {
            FLAGS.contains(&column.kind.as_str()) && names.contains(&plain(&column.name).as_str())
        };
        products.columns.iter().filter(is_one)
    };
    let gone = flags(GONE).map(|column| format!("COALESCE({}, 0) = 0", quoted(&column.name)));
    let alive = flags(ALIVE).map(|column| format!("COALESCE({}, 1) <> 0", quoted(&column.name)));
    gone.chain(alive).collect()
}

/// The table whose barcodes belong to the products, with the column of their id and that of the code.
fn barcodes<'a>(
    tables: &'a [Table],
    products: &'a Table,
    id: &'a TableColumn,
) -> Option<(i32, &'a Table, &'a TableColumn, &'a TableColumn)> {
    let mut best: Option<(i32, &Table, &TableColumn, &TableColumn)> = None;
    for table in tables {
        let own = table == products;
        let Some((worth, code)) = find(table, BARCODE, &[TEXTS, IDS].concat()) else { continue };
        let named = table_worth(&table.name, BARCODES).unwrap_or_default();
        if !own && named == 0 {
            continue;
        }
        let others = || table.columns.iter().filter(|column| column.name != code.name);
        // A table of barcodes has an id of its own too: the product's name for its id is the better sign, then a name that
        // speaks of products.
        let link = match own {
            true => Some(id),
            false => others()
                .find(|column| plain(&column.name) == plain(&id.name) && plain(&id.name) != "id")
                .or_else(|| others().find(|column| is_reference(&column.name, &products.name)))
                .or_else(|| others().find(|column| plain(&column.name) == plain(&id.name))),
        };
        let Some(link) = link else { continue };
        let worth = worth + named;
        if best.as_ref().is_none_or(|(most, ..)| worth > *most) {
            best = Some((worth, table, link, code));
        }
    }
    best
}

/// `GoodsID` refers to `Goods`, `Product_Code` to `Products`, `КодТовара` to `Товары`.
fn is_reference(column: &str, table: &str) -> bool {
    let (column, stem) = (plain(column), stem(table));
    let known = ID.iter().take_while(|name| **name != "id").any(|name| *name == column);
    known
        || (stem.chars().count() > 3
            && column.contains(&stem)
            && ["id", "code", "код"].iter().any(|w| column.contains(w)))
}

/// `StockItems` holds a `stockitem` a row.
fn stem(table: &str) -> String {
    plain(table).trim_end_matches(['s', 'ы', 'а']).to_owned()
}

/// How much a table's name looks like one of the words; `None` when not at all.
fn table_worth(name: &str, words: &[&str]) -> Option<i32> {
    let name = plain(name);
    let bare = ["tbl", "spr", "ref", "dim"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(&name);
    if words.contains(&bare) {
        return Some(10);
    }
    // A longer name with the word in it is likely something about products, such as their groups.
    words.iter().any(|word| word.chars().count() > 3 && name.contains(word)).then(|| {
        let extra = name.chars().count().min(30) / 6;
        7 - i32::try_from(extra).unwrap_or(5)
    })
}

/// The column that is likeliest meant, of a type that can be read.
fn find<'a>(table: &'a Table, names: &[&str], kinds: &[&str]) -> Option<(i32, &'a TableColumn)> {
    let usable = || table.columns.iter().filter(|column| kinds.contains(&column.kind.as_str()));
    for (place, wanted) in names.iter().enumerate() {
        let found = match wanted.strip_prefix('*') {
            Some(part) => usable().find(|column| plain(&column.name).contains(part)),
            None => usable().find(|column| plain(&column.name) == *wanted),
        };
        if let Some(column) = found {
            return Some((20 - i32::try_from(place).unwrap_or(20).min(20), column));
        }
    }
    None
}

/// A float has no exact decimals, so the query settles four of them.
fn exact(price: &TableColumn) -> String {
    let name = quoted(&price.name);
    match price.kind.as_str() {
        "float" | "real" => format!("CAST({name} AS decimal(19, 4)) AS {name}"),
        _ => name,
    }
}

fn as_named(column: &str, name: &str) -> String {
    if column == name { quoted(column) } else { format!("{} AS {}", quoted(column), quoted(name)) }
}

fn full_name(table: &Table) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.name))
}

/// Letters and digits alone, in lower case: `Product_ID` is `productid`.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, columns: &[&str]) -> Table {
        let (schema, name) = name.split_once('.').unwrap();
        let column = |text: &&str| {
            let (name, kind) = text.split_once(':').unwrap();
            TableColumn { name: name.to_owned(), kind: kind.to_owned() }
        };
        Table { schema: schema.to_owned(), name: name.to_owned(), columns: columns.iter().map(column).collect() }
    }

    fn queries(tables: &[Table]) -> Option<(String, String)> {
        match propose(tables) {
            Guess::All(found) => Some((found.products_query, found.barcodes_query)),
            Guess::Products(_) | Guess::Nothing => None,
        }
    }

    fn two(products: &str, barcodes: &str) -> Option<(String, String)> {
        Some((products.to_owned(), barcodes.to_owned()))
    }

    #[test]
    fn the_usual_names() {
        let tables = [
            table("dbo.Orders", &["OrderID:int", "ProductID:int", "Price:money"]),
            table("dbo.ProductGroups", &["ID:int", "Name:nvarchar", "Price:int", "Barcode:nvarchar"]),
            table("dbo.Products", &["ProductID:int", "ProductName:nvarchar", "Price:money", "Weight:float"]),
            table("logistics.ProductBarcodes", &["ID:int", "ProductID:int", "Barcode:nvarchar"]),
        ];
        assert_eq!(
            queries(&tables),
            two(
                "SELECT [ProductID], [ProductName], [Price] FROM [dbo].[Products]",
                "SELECT [ProductID], [Barcode] FROM [logistics].[ProductBarcodes]"
            )
        );
    }

    #[test]
    fn russian_names_and_a_price_that_is_a_float() {
        let tables = [
            table("dbo.Номенклатура", &["Код:nvarchar", "Наименование:nvarchar", "Цена:float"]),
            table("dbo.Штрихкоды", &["КодНоменклатуры:nvarchar", "Штрихкод:varchar"]),
        ];
        assert_eq!(
            queries(&tables),
            two(
                "SELECT [Код], [Наименование], CAST([Цена] AS decimal(19, 4)) AS [Цена] FROM [dbo].[Номенклатура]",
                "SELECT [КодНоменклатуры] AS [Код], [Штрихкод] FROM [dbo].[Штрихкоды]"
            )
        );
        let tables = [
            table("dbo.Товары", &["ID:int", "Название:nvarchar", "РозничнаяЦена:decimal"]),
            table("dbo.ШтрихКодыТоваров", &["ID:int", "КодТовара:int", "ШтрихКод:nvarchar"]),
        ];
        assert_eq!(queries(&tables).unwrap().1, "SELECT [КодТовара] AS [ID], [ШтрихКод] FROM [dbo].[ШтрихКодыТоваров]");
    }

    #[test]
    fn a_table_with_everything_in_it() {
        let goods =
            table("trade.Goods", &["Id:uniqueidentifier", "Title:nvarchar", "Retail Price:numeric", "EAN13:char"]);
        assert_eq!(
            queries(&[goods]),
            two(
                "SELECT [Id], [Title], [Retail Price] FROM [trade].[Goods]",
                "SELECT [Id], [EAN13] FROM [trade].[Goods]"
            )
        );
    }

    #[test]
    fn public_sample_databases() {
        let world_wide_importers = [
            table("Sales.SpecialDeals", &["SpecialDealID:int", "StockItemID:int", "UnitPrice:decimal"]),
            table(
                "Warehouse.StockItems_Archive",
                &["StockItemID:int", "StockItemName:nvarchar", "Barcode:nvarchar", "UnitPrice:decimal"],
            ),
            table(
                "Warehouse.StockItems",
                &[
                    "StockItemID:int",
                    "StockItemName:nvarchar",
                    "SupplierID:int",
                    "ColorID:int",
                    "Brand:nvarchar",
                    "IsChillerStock:bit",
                    "Barcode:nvarchar",
                    "TaxRate:decimal",
                    "UnitPrice:decimal",
                    "RecommendedRetailPrice:decimal",
                ],
            ),
        ];
        assert_eq!(
            queries(&world_wide_importers),
            two(
                "SELECT [StockItemID], [StockItemName], [UnitPrice] FROM [Warehouse].[StockItems]",
                "SELECT [StockItemID], [Barcode] FROM [Warehouse].[StockItems]"
            )
        );
        let nop_commerce = [
            table("dbo.ProductReview", &["Id:int", "ProductId:int", "Title:nvarchar"]),
            table(
                "dbo.Product",
                &[
                    "Id:int",
                    "Name:nvarchar",
                    "Sku:nvarchar",
                    "Gtin:nvarchar",
                    "Price:decimal",
                    "Published:bit",
                    "Deleted:bit",
                ],
            ),
        ];
        let only = "WHERE COALESCE([Deleted], 0) = 0 AND COALESCE([Published], 1) <> 0";
        assert_eq!(
            queries(&nop_commerce),
            two(
                &format!("SELECT [Id], [Name], [Price] FROM [dbo].[Product] {only}"),
                &format!("SELECT [Id], [Gtin] FROM [dbo].[Product] {only}")
            )
        );
    }

    #[test]
    fn barcodes_of_rows_that_are_left_out_are_left_out_too() {
        let tables = [
            table("dbo.Items", &["ItemID:int", "ItemName:nvarchar", "Price:money", "IsActive:bit", "Deleted:nvarchar"]),
            table("dbo.ItemBarcodes", &["ItemID:int", "Barcode:nvarchar"]),
        ];
        assert_eq!(
            queries(&tables).unwrap().1,
            "SELECT [ItemID], [Barcode] FROM [dbo].[ItemBarcodes] WHERE [ItemID] IN (SELECT [ItemID] FROM [dbo].[Items] \
             WHERE COALESCE([IsActive], 1) <> 0)"
        );
    }

    #[test]
    fn no_guess_without_the_signs() {
        let opaque = table("dbo._Reference42", &["_IDRRef:binary", "_Code:nvarchar", "_Description:nvarchar"]);
        let priceless = table("dbo.Products", &["ProductID:int", "Name:nvarchar", "Barcode:nvarchar"]);
        let timestamped = table("dbo.Goods", &["ID:timestamp", "Name:nvarchar", "Price:money", "Barcode:nvarchar"]);
        assert_eq!(propose(&[opaque, priceless, timestamped]), Guess::Nothing);
        assert_eq!(propose(&[]), Guess::Nothing);
    }

    /// As in Northwind and AdventureWorks.
    #[test]
    fn products_without_barcodes_are_half_of_it() {
        let tables = [
            table("dbo.Categories", &["CategoryID:int", "CategoryName:nvarchar"]),
            table("dbo.Products", &["ProductID:int", "ProductName:nvarchar", "UnitPrice:money", "Discontinued:bit"]),
        ];
        let Guess::Products(found) = propose(&tables) else { panic!("no products") };
        assert_eq!(
            found.products_query,
            "SELECT [ProductID], [ProductName], [UnitPrice] FROM [dbo].[Products] WHERE COALESCE([Discontinued], 0) = 0"
        );
        assert_eq!((found.barcodes_query.as_str(), found.price.as_str()), ("", "UnitPrice"));
    }
}
