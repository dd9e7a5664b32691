"""python-tds against the SQL Server stand-in; prints what it saw, for clients.sh to compare."""

import sys

import pytds


def main(port, database, ca):
    encrypted = ca.startswith("/")
    options = dict(
        dsn="127.0.0.1",
        port=int(port),
        user="erpsync",
        password="Pa55-word!",
        database=database,
        login_timeout=20,
        timeout=20,
    )
    if encrypted:
        options.update(cafile=ca, validate_host=False)
    with pytds.connect(autocommit=True, **options) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM dbo.Products WHERE ProductID < 1000 ORDER BY ProductID")
            print([column[0] for column in cursor.description])
            for row in cursor.fetchall():
                print(row)
            cursor.execute("SELECT * FROM dbo.Typed ORDER BY id")
            for row in cursor.fetchall():
                for column, value in zip(cursor.description, row):
                    print(column[0], repr(value))
            cursor.execute("SELECT 1 AS a; SELECT 2 AS b")
            print(cursor.fetchall(), cursor.nextset(), cursor.fetchall(), cursor.nextset())
            cursor.execute("SELECT ProductName FROM dbo.Products WHERE ProductID = %s", (1,))
            print(cursor.fetchone())
            cursor.execute("SELECT N'" + "Ж" * 3000 + "' AS a")
            print(len(cursor.fetchone()[0]))
            for sql in (
                "SELECT Cost FROM dbo.Products",
                "SELECT a FROM dbo.Goods",
                "UPDATE dbo.Products SET Price = 1",
            ):
                try:
                    cursor.execute(sql)
                    print("no error")
                except pytds.Error as error:
                    print(error.number, error.severity, error.state, error)
    # Without autocommit the driver begins and ends transactions by requests of its own.
    with pytds.connect(autocommit=False, **options) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@TRANCOUNT AS n")
            print(cursor.fetchone())
        connection.commit()
    for wrong in (dict(password="no"), dict(database="Warehouse")):
        try:
            pytds.connect(**{**options, **wrong})
            print("no error")
        except pytds.Error as error:
            print(type(error).__name__, error)


main(*sys.argv[1:])
