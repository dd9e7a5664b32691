# A page of the links of one source, by id, each with the product that it points to.
cr.execute(
    'SELECT l.id, l.x_external_id, l.x_said_name, l.x_said_price, l.x_said_barcodes, l.x_wrote_name, l.x_wrote_price,'
    ' l.x_wrote_barcode, coalesce(l.x_no_touch, false), coalesce(l.x_archived_by_us, false), '
    + variant_columns() + ', ' + name_columns() +
    ' FROM x_pz_product l LEFT JOIN product_product p ON p.id = l.x_product_id'
    ' LEFT JOIN product_template t ON t.id = p.product_tmpl_id'
    ' WHERE l.x_source = %s AND l.id > %s ORDER BY l.id LIMIT %s', (ask['source'], ask['after'], ask['limit']))
action = {'links': cr.fetchall()}
