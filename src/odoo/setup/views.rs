//! Writes screens down as Odoo's lists, forms and searches, for a version. Text in, text out; nothing is asked.
//!
//! What differs: `tree` up to 17 is `list` from 18 on; conditions are domains in `attrs` up to 16 and Python from 17 on,
//! where `attrs` is an error. Odoo keeps the text as it is when it is written as Odoo itself would write it: double
//! quotes, `&gt;` in attributes, no blanks between tags. Otherwise the next setup would find a difference.

pub use super::screens::SCREENS;
use super::words;

/// What people see of one model.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// The model.
    pub model: &'static str,
    /// The menu's words.
    pub menu: &'static str,
    /// The order of menus.
    pub sequence: i64,
    /// What an empty list says: in short, and in a sentence or two.
    pub help: (&'static str, &'static str),
    /// How the list is sorted.
    pub order: &'static str,
    /// Further attributes of the list: how rows stand out, several rows edited at once.
    pub rows: &'static str,
    /// The list's columns.
    pub columns: &'static [Shown],
    /// The form.
    pub form: Form,
    /// Fields that may be typed in.
    pub editable: &'static [&'static str],
    /// Fields that a search looks into.
    pub search: &'static [&'static str],
    /// Filters; those of one group widen each other, those of different groups narrow.
    pub filters: &'static [&'static [Filter]],
    /// Groupings: name, label, field or `field:day`.
    pub groups: &'static [(&'static str, &'static str, &'static str)],
    /// Filters that are on at first.
    pub default_filters: &'static [&'static str],
}

/// A field in a list or form.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    name: &'static str,
    attributes: [&'static str; 2],
    conditions: [Option<(&'static str, When<'static>)>; 3],
}

/// A field as Odoo shows it by itself.
pub const fn shown(name: &'static str) -> Shown {
    Shown { name, attributes: [""; 2], conditions: [None; 3] }
}

impl Shown {
    /// With these attributes, written as XML.
    pub const fn with(mut self, attributes: &'static str) -> Self {
        self.attributes[0] = attributes;
        self
    }

    /// With these attributes besides.
    pub const fn with_also(mut self, attributes: &'static str) -> Self {
        self.attributes[1] = attributes;
        self
    }

    /// `readonly`, `required` or `invisible` under a condition; up to three of them.
    pub const fn when(mut self, what: &'static str, condition: When<'static>) -> Self {
        let mut i = 0;
        while self.conditions[i].is_some() {
            i += 1;
        }
        self.conditions[i] = Some((what, condition));
        self
    }
}

/// A condition on other fields of the same view.
#[derive(Debug, Clone, Copy)]
pub enum When<'a> {
    /// The field has one of these values.
    In(&'static str, &'a [&'a str]),
    /// The field has none of these values.
    NotIn(&'static str, &'a [&'a str]),
    /// The field is empty.
    Unset(&'static str),
}

/// Writes `readonly` and its like for a version.
pub(super) fn conditions(odoo: u32, all: &[(&str, When<'_>)]) -> String {
    let list =
        |values: &[&str]| format!("[{}]", values.iter().map(|v| format!("'{v}'")).collect::<Vec<_>>().join(", "));
    if odoo >= 17 {
        let one = |(what, when): &(&str, When<'_>)| match when {
            When::In(field, values) => format!(" {what}=\"{field} in {}\"", list(values)),
            When::NotIn(field, values) => format!(" {what}=\"{field} not in {}\"", list(values)),
            When::Unset(field) => format!(" {what}=\"not {field}\""),
        };
        return all.iter().map(one).collect();
    }
    let one = |(what, when): &(&str, When<'_>)| match when {
        When::In(field, values) => format!("'{what}': [('{field}', 'in', {})]", list(values)),
        When::NotIn(field, values) => format!("'{what}': [('{field}', 'not in', {})]", list(values)),
        When::Unset(field) => format!("'{what}': ['|', ('{field}', '=', False), ('{field}', '=', '')]"),
    };
    if all.is_empty() {
        return String::new();
    }
    format!(" attrs=\"{{{}}}\"", all.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// A filter of a search.
#[derive(Debug, Clone, Copy)]
pub enum Filter {
    /// Name, label, domain.
    Domain(&'static str, &'static str, &'static str),
    /// Name, label, a field of time: months, quarters and years to choose from.
    Period(&'static str, &'static str, &'static str),
}

impl Filter {
    /// A filter by a domain.
    pub const fn on(name: &'static str, label: &'static str, domain: &'static str) -> Self {
        Self::Domain(name, label, domain)
    }

    /// A filter by months, quarters and years.
    pub const fn period(name: &'static str, label: &'static str, field: &'static str) -> Self {
        Self::Period(name, label, field)
    }

    fn write(self) -> String {
        match self {
            Self::Domain(name, label, domain) => {
                format!("<filter name=\"{name}\" string=\"{label}\" domain=\"{}\"/>", escaped(domain))
            }
            Self::Period(name, label, field) => {
                format!("<filter name=\"{name}\" string=\"{label}\" date=\"{field}\"/>")
            }
        }
    }
}

/// A form.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// The states that the status bar always shows, if there is one; it shows `x_state`.
    pub status: Option<&'static str>,
    /// The heading.
    pub title: &'static [Shown],
    /// Ways to other lists.
    pub buttons: &'static [Button],
    /// What stands below, in order.
    pub parts: &'static [Part],
}

/// A part of a form.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// Groups of fields with their headings, two side by side.
    Groups(&'static [(&'static str, &'static [Shown])]),
    /// A text that stands out.
    Notice(&'static str),
    /// A text at full width, with its label as heading.
    Text(&'static str),
    /// Words of ours.
    Words(&'static str),
    /// The kind of a deferred action in words, as heading.
    Kinds,
    /// What is asked, with the choices in words until it is settled, beside what it is about.
    Decision {
        /// Fields to answer in.
        ask: &'static [Shown],
        /// When nothing is asked any more.
        settled: When<'static>,
        /// Fields to decide by.
        about: &'static [Shown],
    },
}

/// A button that opens another of our lists with the lines that belong to this record.
#[derive(Debug, Clone, Copy)]
pub struct Button {
    /// The model whose window action it opens.
    pub action: &'static str,
    /// A sign of Font Awesome 4, which all versions have.
    pub icon: &'static str,
    /// Its word.
    pub label: &'static str,
    /// The field of that model that points here.
    pub by: &'static str,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Screen {
    /// The list's tag, which is its view type as well.
    #[must_use]
    pub fn list_type(odoo: u32) -> &'static str {
        if odoo >= 18 { "list" } else { "tree" }
    }

    /// What nobody edits has neither an Edit button nor a Delete.
    fn locked(&self) -> &'static str {
        if self.editable.is_empty() { " edit=\"0\" delete=\"0\"" } else { "" }
    }

    fn field(&self, odoo: u32, field: &Shown) -> String {
        let readonly = if self.editable.contains(&field.name) { "" } else { " readonly=\"1\"" };
        let attributes: String = field.attributes.iter().filter(|a| !a.is_empty()).map(|a| format!(" {a}")).collect();
        let conditions = conditions(odoo, &field.conditions.iter().flatten().copied().collect::<Vec<_>>());
        format!("<field name=\"{}\"{readonly}{attributes}{conditions}/>", field.name)
    }

    /// The list's definition.
    #[must_use]
    pub fn list(&self, odoo: u32) -> String {
        let tag = Self::list_type(odoo);
        let columns: String = self.columns.iter().map(|c| self.field(odoo, c)).collect();
        let rows = if self.rows.is_empty() { String::new() } else { format!(" {}", self.rows) };
        format!("<{tag} create=\"0\"{} default_order=\"{}\"{rows}>{columns}</{tag}>", self.locked(), self.order)
    }

    /// The form's definition. `{action_…}` stands for the id of a window action, which this text cannot know.
    #[must_use]
    pub fn form(&self, odoo: u32) -> String {
        let mut out = format!("<form create=\"0\"{}>", self.locked());
        if let Some(visible) = self.form.status {
            out += &format!(
                "<header><field name=\"x_state\" readonly=\"1\" widget=\"statusbar\" statusbar_visible=\"{visible}\"/></header>"
            );
        }
        out += "<sheet>";
        if !self.form.buttons.is_empty() {
            out += "<div class=\"oe_button_box\" name=\"button_box\">";
            for Button { action, icon, label, by } in self.form.buttons {
                out += &format!(
                    "<button type=\"action\" name=\"{{action_{action}}}\" class=\"oe_stat_button\" icon=\"{icon}\" context=\"{{'search_default_{by}': id}}\"><div class=\"o_stat_info\"><span class=\"o_stat_text\">{label}</span></div></button>"
                );
            }
            out += "</div>";
        }
        if !self.form.title.is_empty() {
            let title: String = self.form.title.iter().map(|f| self.field(odoo, f)).collect();
            out += &format!("<div class=\"oe_title\"><h1>{title}</h1></div>");
        }
        for part in self.form.parts {
            out += &self.part(odoo, part);
        }
        out + "</sheet></form>"
    }

    fn part(&self, odoo: u32, part: &Part) -> String {
        match part {
            Part::Groups(groups) => {
                let group = |(label, fields): &(&str, &[Shown])| {
                    let fields: String = fields.iter().map(|f| self.field(odoo, f)).collect();
                    format!("<group string=\"{label}\">{fields}</group>")
                };
                format!("<group>{}</group>", groups.iter().map(group).collect::<String>())
            }
            Part::Notice(field) => format!(
                "<div class=\"alert alert-warning\" role=\"status\"><field name=\"{field}\" readonly=\"1\"/></div>"
            ),
            Part::Text(field) => {
                format!("<separator string=\"Summary\"/><field name=\"{field}\" readonly=\"1\"/>")
            }
            Part::Words(words) => format!("<p class=\"text-muted\">{words}</p>"),
            Part::Kinds => words::kinds(odoo),
            Part::Decision { ask, settled, about } => {
                let fields = |list: &[Shown]| list.iter().map(|f| self.field(odoo, f)).collect::<String>();
                format!(
                    "<group><group string=\"Your choice\">{}{}</group><group string=\"What waits\">{}</group></group>",
                    fields(ask),
                    words::choices(odoo, *settled),
                    fields(about)
                )
            }
        }
    }

    /// The search's definition.
    #[must_use]
    pub fn search(&self) -> String {
        let fields: String = self.search.iter().map(|f| format!("<field name=\"{f}\"/>")).collect();
        let filters: Vec<String> =
            self.filters.iter().map(|group| group.iter().map(|f| f.write()).collect::<String>()).collect();
        let groups: String = self
            .groups
            .iter()
            .map(|(name, label, by)| {
                format!("<filter name=\"{name}\" string=\"{label}\" context=\"{{'group_by': '{by}'}}\"/>")
            })
            .collect();
        let parts: Vec<String> = filters.into_iter().chain([groups]).filter(|part| !part.is_empty()).collect();
        format!("<search>{fields}{}</search>", parts.join("<separator/>"))
    }

    /// What an empty list says.
    #[must_use]
    pub fn help(&self) -> String {
        let (short, more) = self.help;
        format!("<p class=\"o_view_nocontent_smiling_face\">{short}</p><p>{more}</p>")
    }

    /// The window action's context: the filters that are on at first.
    #[must_use]
    pub fn context(&self) -> String {
        let on: Vec<String> = self.default_filters.iter().map(|f| format!("'search_default_{f}': 1")).collect();
        format!("{{{}}}", on.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::schema::MODELS;
    use super::*;

    /// What stands between `before` and the next quote, everywhere in the text.
    fn quoted<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
        text.split(before).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn screens_show_fields_that_exist() {
        for screen in SCREENS {
            let model = MODELS.iter().find(|m| m.model == screen.model).unwrap();
            let exists = |name: &str| model.fields.iter().any(|f| f.name == name);
            for odoo in [14, 19] {
                for view in [screen.list(odoo), screen.form(odoo), screen.search()] {
                    for name in quoted(&view, "<field name=\"").into_iter().chain(quoted(&view, " date=\"")) {
                        assert!(exists(name), "{}.{name}", screen.model);
                    }
                }
            }
            for (_, _, by) in screen.groups {
                assert!(exists(by.trim_end_matches(":day")), "{}.{by}", screen.model);
            }
            assert!(screen.editable.iter().all(|name| exists(name)), "{}", screen.model);
        }
    }

    #[test]
    fn what_a_view_depends_on_is_in_it() {
        for screen in SCREENS {
            for view in [screen.list(19), screen.form(19)] {
                let there: BTreeSet<&str> = quoted(&view, "<field name=\"").into_iter().collect();
                for what in ["invisible=\"", "readonly=\"x", "required=\"x", "decoration-"] {
                    for condition in quoted(&view, what) {
                        for word in condition.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                            assert!(!word.starts_with("x_") || there.contains(word), "{}: {condition}", screen.model);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn buttons_lead_to_lists_that_can_be_searched_so() {
        for screen in SCREENS {
            for button in screen.form.buttons {
                let target = SCREENS.iter().find(|s| s.model == button.action).unwrap();
                assert!(target.search.contains(&button.by), "{} {}", screen.model, button.label);
            }
        }
    }

    #[test]
    fn conditions_are_domains_up_to_16_and_python_from_17_on() {
        let all = [("readonly", When::In("x_a", &["b", "c"])), ("invisible", When::Unset("x_d"))];
        let domains = " attrs=\"{'readonly': [('x_a', 'in', ['b', 'c'])], 'invisible': ['|', ('x_d', '=', False), ('x_d', '=', '')]}\"";
        assert_eq!(conditions(16, &all), domains);
        assert_eq!(conditions(17, &all), " readonly=\"x_a in ['b', 'c']\" invisible=\"not x_d\"");
        assert_eq!(conditions(14, &[]), "");
        for screen in SCREENS {
            assert!(!(screen.form(17) + &screen.list(17)).contains("attrs="));
        }
    }
}
