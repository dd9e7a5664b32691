//! Who may look, who may choose, and what is said to those who may not.

use super::desk::Desk;
use crate::world::LOGINS;

pub fn scenario(version: u32) {
    let desk = Desk::new(version, "people");
    let (jump, six, three) = (desk.n(4), desk.n(6), desk.n(3));
    let before = desk.world.target().checksums(&LOGINS);
    let group = "group \"Catalogue synchronisation: operator\"";
    desk.as_person("reader", &["list"]).expect(3).says("6 open");
    desk.as_person("reader", &["show", &jump]).expect(0).says("price-jump");
    desk.as_person("reader", &["resolve", &jump, "--choose", "take"]).expect(77).says(group);
    desk.as_person("reader", &["abandon", &jump]).expect(77).says("nothing was changed");
    desk.as_person("stranger", &["list"]).expect(77).says(group);
    desk.as_person("stranger", &["resolve", &jump, "--choose", "take"]).expect(77);
    desk.world.assert_unchanged(&before, &LOGINS);

    desk.as_person("operator", &["resolve", &jump, "--choose", "take"]).expect(0);
    desk.as_person("reader", &["show", &jump]).expect(0).says("by operator").says("choice   take");
    // Ids alone, but for a name that Odoo tells with a reference.
    let [first, _] = desk.alike;
    desk.as_person("till", &["show", &six]).expect(0).says(&format!("one of   #{first}\n"));
    desk.as_person("till", &["show", &three]).expect(0).says(&format!("holder   #{}", desk.foreign));
    desk.as_person("till", &["resolve", &six, "--choose", "link=ref:same"]).expect(77).says("link=42");
    let run = desk.as_person("till", &["resolve", &six, "--choose", &format!("link={first}")]).expect(0);
    run.says("was not checked");
    assert_eq!(desk.standing(&six), format!("open|link|{first}"));
    // What Odoo does not have cannot be noted.
    desk.as_person("till", &["resolve", &six, "--choose", "link=999999", "--replace"]).expect(1);
    assert_eq!(desk.standing(&six), format!("open|link|{first}"));

    if version >= 19 {
        desk.by_key("reader", &["resolve", &three, "--choose", "give"]).expect(77).says(group);
        desk.by_key("operator", &["resolve", &three, "--choose", "give"]).expect(0);
        desk.by_key("stranger", &["list"]).expect(77).says(group);
        assert_eq!(desk.standing(&three), "open|give|");
    }
}
