//! The demo's source: a dozen products with EAN-13 codes whose check digits are right, and what happens to them.

/// The seed's two tables.
pub const TABLES: &str = "
CREATE TABLE dbo.Products (ProductID int NOT NULL PRIMARY KEY, ProductName nvarchar(200) NULL, Price money NULL);
CREATE TABLE logistics.ProductBarcodes (ProductID int NOT NULL, Barcode varchar(30) NULL)";

/// What they hold at first.
pub const ROWS: &str = "
INSERT INTO dbo.Products VALUES
  (101, N'Чай зелёный, 100 г', 4.50), (102, N'Чай чёрный, 100 г', 3.90), (103, N'Кофе в зёрнах, 1 кг', 19.90),
  (104, N'Сыр «Российский», 1 кг', 11.75), (105, N'Молоко 3,2 %, 1 л', 1.29), (106, N'Хлеб ржаной', 1.10),
  (107, N'Мёд липовый, 500 г', 7.20), (108, N'Печенье «Юбилейное»', 0.95), (109, N'Шоколад горький, 100 г', 1.85),
  (110, N'Сок томатный, 1 л', 1.60), (111, N'Варенье вишнёвое', 3.35), (112, N'Гречка, 900 г', 2.05);
INSERT INTO logistics.ProductBarcodes VALUES
  (101, '4600000001012'), (102, '4600000001029'), (103, '4600000001036'), (104, '2000104000003'), (105, '4600000001050'),
  (106, '4600000001067'), (107, '4600000001074'), (107, '4600000001173'), (108, '4600000001081'), (109, '4600000001098'),
  (110, '4600000001104'), (111, '4600000001111'), (112, '')";

/// What changes, in words and as SQL.
pub const CHANGES: [(&str, &str); 5] = [
    (
        "coffee and bread get new prices",
        "UPDATE dbo.Products SET Price = 21.50 WHERE ProductID = 103; UPDATE dbo.Products SET Price = 1.15 WHERE ProductID = 106",
    ),
    (
        "the biscuits get a new name",
        "UPDATE dbo.Products SET ProductName = N'Печенье «Юбилейное», 112 г' WHERE ProductID = 108",
    ),
    (
        "chocolate and juice exchange their barcodes",
        "UPDATE logistics.ProductBarcodes SET Barcode = 'x' WHERE ProductID = 109;
         UPDATE logistics.ProductBarcodes SET Barcode = '4600000001098' WHERE ProductID = 110;
         UPDATE logistics.ProductBarcodes SET Barcode = '4600000001104' WHERE ProductID = 109",
    ),
    (
        "buckwheat gets its barcode, but so does a new product: somebody has not finished typing",
        "INSERT INTO dbo.Products VALUES (113, N'Гречка быстрая, 400 г', 1.75);
         UPDATE logistics.ProductBarcodes SET Barcode = '4600000001128' WHERE ProductID = 112;
         INSERT INTO logistics.ProductBarcodes VALUES (113, '4600000001128')",
    ),
    (
        "the jam disappears",
        "DELETE FROM dbo.Products WHERE ProductID = 111; DELETE FROM logistics.ProductBarcodes WHERE ProductID = 111",
    ),
];

/// How the source becomes consistent again.
pub const SETTLED: [(&str, &str); 1] = [(
    "the new product gets a barcode of its own",
    "UPDATE logistics.ProductBarcodes SET Barcode = '4600000001135' WHERE ProductID = 113",
)];
