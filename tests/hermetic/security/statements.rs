//! No value of a question, nor anything read from a database, becomes part of a statement's text: every text that the
//! procedures execute is made of texts that stand in their code. Values go along as parameters.

use std::collections::{BTreeMap, BTreeSet};

use erpsync::odoo::procedure::Procedure;

/// A token of Python's, as far as it matters here.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    /// A text; with `f` or `b` before it, it is none that is known to be harmless.
    Text(bool),
    Number,
    Sign(char),
}

fn tokens(line: &str) -> Vec<Token> {
    let chars: Vec<char> = line.chars().collect();
    let (mut at, mut out) = (0, Vec::new());
    while at < chars.len() {
        let c = chars[at];
        if c == '#' {
            break;
        } else if c == '\'' || c == '"' {
            let triple = chars[at..].starts_with(&[c, c, c]);
            assert!(!triple, "a text over several lines is not read here: {line}");
            let prefixed = at > 0 && chars[at - 1].is_alphabetic();
            at += 1;
            while chars[at] != c {
                at += if chars[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
            if prefixed {
                out.pop();
            }
            out.push(Token::Text(!prefixed));
        } else if c.is_alphabetic() || c == '_' {
            let from = at;
            while at < chars.len() && (chars[at].is_alphanumeric() || chars[at] == '_') {
                at += 1;
            }
            out.push(Token::Name(chars[from..at].iter().collect()));
        } else if c.is_ascii_digit() {
            while at < chars.len() && (chars[at].is_ascii_alphanumeric() || chars[at] == '.') {
                at += 1;
            }
            out.push(Token::Number);
        } else {
            if !c.is_whitespace() {
                out.push(Token::Sign(c));
            }
            at += 1;
        }
    }
    out
}

fn depth_after(depth: i32, token: &Token) -> i32 {
    match token {
        Token::Sign('(' | '[' | '{') => depth + 1,
        Token::Sign(')' | ']' | '}') => depth - 1,
        _ => depth,
    }
}

/// Splits where a token stands outside of brackets.
fn split(tokens: &[Token], is: impl Fn(&Token) -> bool) -> Vec<&[Token]> {
    let (mut depth, mut from, mut out) = (0, 0, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        if depth == 0 && is(token) {
            out.push(&tokens[from..at]);
            from = at + 1;
        }
        depth = depth_after(depth, token);
    }
    out.push(&tokens[from..]);
    out
}

fn comma(token: &Token) -> bool {
    *token == Token::Sign(',')
}

fn word(token: &Token, name: &str) -> bool {
    matches!(token, Token::Name(n) if n == name)
}

/// What stands between the bracket at `at` and its partner, and where the partner is.
fn inside(tokens: &[Token], at: usize) -> (&[Token], usize) {
    let mut depth = 0;
    for (end, token) in tokens.iter().enumerate().skip(at) {
        depth = depth_after(depth, token);
        if depth == 0 {
            return (&tokens[at + 1..end], end);
        }
    }
    panic!("a bracket that is not closed: {tokens:?}")
}

/// A statement on one line, and the function that it stands in; empty outside of all.
struct Line {
    scope: String,
    tokens: Vec<Token>,
}

/// Lines of code, those joined that brackets join.
fn lines(code: &str) -> Vec<Line> {
    let (mut out, mut scope, mut depth): (Vec<Line>, String, i32) = (Vec::new(), String::new(), 0);
    for text in code.lines() {
        let found = tokens(text);
        if found.is_empty() {
            continue;
        }
        if depth > 0 {
            out.last_mut().unwrap().tokens.extend(found.iter().cloned());
        } else {
            if !text.starts_with(' ') {
                scope = match &found[..] {
                    [Token::Name(def), Token::Name(name), ..] if def == "def" => name.clone(),
                    _ => String::new(),
                };
            }
            out.push(Line { scope: scope.clone(), tokens: found.clone() });
        }
        depth = found.iter().fold(depth, depth_after);
    }
    out
}

/// What a name may stand for: any of these expressions, each with the function that it is written in.
type Bindings = BTreeMap<(String, String), Vec<(String, Vec<Token>)>>;

struct Code {
    lines: Vec<Line>,
    bindings: Bindings,
    returns: BTreeMap<String, Vec<Vec<Token>>>,
    params: BTreeMap<String, Vec<String>>,
}

/// Methods that put something into what they are called on.
const FILLS: [&str; 5] = ["append", "extend", "update", "setdefault", "insert"];
/// Whatever is put into these, a number comes out, or what numbers there are.
const NUMBERS: [&str; 4] = ["int", "len", "range", "bool"];
/// What comes out of these is what was put in.
const PASS_ON: [&str; 7] = ["str", "sorted", "list", "tuple", "set", "dict", "zip"];
const METHODS: [&str; 6] = ["join", "replace", "keys", "items", "values", "strip"];
const WORDS: [&str; 9] = ["None", "True", "False", "and", "or", "not", "is", "in", "for"];

impl Code {
    fn of(code: &str) -> Self {
        let mut out =
            Self { lines: lines(code), bindings: Bindings::new(), returns: BTreeMap::new(), params: BTreeMap::new() };
        for line in std::mem::take(&mut out.lines) {
            out.learn(&line);
            out.lines.push(line);
        }
        for line in &out.lines {
            arguments(line, &out.params, &mut out.bindings);
        }
        out
    }

    fn bind(&mut self, scope: &str, name: &str, value: &[Token]) {
        let key = (scope.to_owned(), name.to_owned());
        self.bindings.entry(key).or_default().push((scope.to_owned(), value.to_vec()));
    }

    fn bind_all(&mut self, scope: &str, targets: &[Token], value: &[Token]) {
        let targets: Vec<_> = split(targets, comma).into_iter().filter(|t| !t.is_empty()).collect();
        let values = split(value, comma);
        for (at, target) in targets.iter().enumerate() {
            let value = if values.len() == targets.len() { values[at] } else { value };
            // A part of something: the whole is no longer what it was.
            let Some(Token::Name(name)) = target.iter().find(|t| matches!(t, Token::Name(_))) else { continue };
            self.bind(scope, name, value);
        }
    }

    fn learn(&mut self, line: &Line) {
        let (tokens, scope) = (&line.tokens, line.scope.as_str());
        // for … in …, also inside of brackets.
        for at in (0..tokens.len()).filter(|at| word(&tokens[*at], "for")) {
            let rest = &tokens[at + 1..];
            let parts = split(rest, |t| word(t, "in"));
            let [targets, ..] = parts[..] else { continue };
            let values = &rest[targets.len() + 1..];
            let mut depth = 0;
            let end = values.iter().position(|t| {
                depth = depth_after(depth, t);
                depth < 0 || depth == 0 && (word(t, "for") || word(t, "if") || *t == Token::Sign(':'))
            });
            self.bind_all(scope, targets, &values[..end.unwrap_or(values.len())]);
        }
        // `x.append(…)`, `x[y].append(…)`, `x.setdefault(y, []).append(…)`
        if let Token::Name(name) = &tokens[0] {
            for at in 0..tokens.len().saturating_sub(2) {
                let Token::Name(method) = &tokens[at + 1] else { continue };
                if tokens[at] == Token::Sign('.') && FILLS.contains(&method.as_str()) {
                    let (args, _) = inside(tokens, at + 2);
                    self.bind(scope, name, args);
                }
            }
        }
        match &tokens[..] {
            [Token::Name(def), Token::Name(name), Token::Sign('('), ..] if def == "def" => {
                let (list, _) = inside(tokens, 2);
                let mut names = Vec::new();
                for param in split(list, comma) {
                    let halves = split(param, |t| *t == Token::Sign('='));
                    let Some(Token::Name(param)) = halves[0].last() else { continue };
                    names.push(param.clone());
                    if let [_, default] = halves[..] {
                        self.bind(name, param, default);
                    }
                }
                self.params.insert(name.clone(), names);
            }
            [Token::Name(word), value @ ..] if word == "return" => {
                self.returns.entry(scope.to_owned()).or_default().push(value.to_vec());
            }
            _ => {
                // `x = …`, `x += …`; not `==`, `<=` and the like.
                let mut depth = 0;
                let is = tokens.iter().enumerate().position(|(at, t)| {
                    depth = depth_after(depth, t);
                    let next_to = |sign: char| {
                        tokens.get(at + 1) == Some(&Token::Sign(sign)) || at > 0 && tokens[at - 1] == Token::Sign(sign)
                    };
                    depth == 0 && *t == Token::Sign('=') && !['=', '<', '>', '!'].into_iter().any(next_to)
                });
                if let Some(is) = is {
                    self.bind_all(scope, &tokens[..is], &tokens[is + 1..]);
                }
            }
        }
    }

    /// Is this made of texts of the code alone? What else there is, if not.
    fn is_text(&self, scope: &str, tokens: &[Token], asked: &mut BTreeSet<(String, String)>) -> Result<(), String> {
        let parts = split(tokens, |t| word(t, "for"));
        if parts.len() > 1 {
            // What is gone through is bound to the name already.
            return self.is_text(scope, parts[0], asked);
        }
        if let Some(at) = split(tokens, |t| word(t, "if")).first().map(|p| p.len()).filter(|at| *at < tokens.len()) {
            let rest = &tokens[at + 1..];
            let otherwise = split(rest, |t| word(t, "else"))[0].len();
            self.is_text(scope, &tokens[..at], asked)?;
            return self.is_text(scope, rest.get(otherwise + 1..).unwrap_or_default(), asked);
        }
        let mut at = 0;
        while at < tokens.len() {
            let mut end = at + 1;
            match &tokens[at] {
                Token::Text(plain) if !plain => return Err("a text with a prefix".to_owned()),
                Token::Text(_) | Token::Number => {}
                Token::Sign('(' | '[' | '{') => {
                    let (group, closed) = inside(tokens, at);
                    self.is_text(scope, group, asked)?;
                    end = closed + 1;
                }
                Token::Sign(_) => {
                    at = end;
                    continue;
                }
                Token::Name(name) if WORDS.contains(&name.as_str()) => {
                    at = end;
                    continue;
                }
                Token::Name(name) => {
                    if tokens.get(end) == Some(&Token::Sign('(')) {
                        let (args, closed) = inside(tokens, end);
                        end = closed + 1;
                        if PASS_ON.contains(&name.as_str()) {
                            self.is_text(scope, args, asked)?;
                        } else if !NUMBERS.contains(&name.as_str()) {
                            self.returned(name, asked)?;
                        }
                    } else if tokens.get(end) == Some(&Token::Sign('=')) {
                        // The name of an argument.
                    } else {
                        self.named(scope, name, asked)?;
                    }
                }
            }
            // What is taken out of it, or made of it.
            loop {
                match (tokens.get(end), tokens.get(end + 1)) {
                    (Some(Token::Sign('[')), _) => end = inside(tokens, end).1 + 1,
                    (Some(Token::Sign('.')), Some(Token::Name(method))) => {
                        if !METHODS.contains(&method.as_str()) {
                            return Err(format!(".{method}"));
                        }
                        let (args, closed) = inside(tokens, end + 2);
                        self.is_text(scope, args, asked)?;
                        end = closed + 1;
                    }
                    _ => break,
                }
            }
            at = end;
        }
        Ok(())
    }

    fn named(&self, scope: &str, name: &str, asked: &mut BTreeSet<(String, String)>) -> Result<(), String> {
        let scopes = [scope, ""].map(|scope| (scope.to_owned(), name.to_owned()));
        let key = scopes.into_iter().find(|key| self.bindings.contains_key(key));
        let Some(key) = key else {
            // A parameter of a function that nobody calls here.
            let uncalled = self.params.get(scope).is_some_and(|params| params.iter().any(|param| param == name));
            return if uncalled { Ok(()) } else { Err(name.to_owned()) };
        };
        if !asked.insert(key.clone()) {
            return Ok(());
        }
        for (scope, value) in &self.bindings[&key] {
            self.is_text(scope, value, asked).map_err(|why| format!("{name}, which may be {why}"))?;
        }
        Ok(())
    }

    fn returned(&self, name: &str, asked: &mut BTreeSet<(String, String)>) -> Result<(), String> {
        let values = self.returns.get(name).ok_or_else(|| format!("{name}()"))?;
        if !asked.insert((name.to_owned(), "()".to_owned())) {
            return Ok(());
        }
        for value in values {
            self.is_text(name, value, asked).map_err(|why| format!("{name}(), which may be {why}"))?;
        }
        Ok(())
    }

    /// The statements that are executed, and what is wrong with their texts.
    fn statements(&self) -> (usize, Vec<String>) {
        let (mut count, mut wrong) = (0, Vec::new());
        for line in &self.lines {
            let tokens = &line.tokens;
            for (at, token) in tokens.iter().enumerate() {
                let Token::Name(name) = token else { continue };
                if ["mogrify", "executemany", "copy_expert", "copy_from", "copy_to", "SQL"].contains(&name.as_str()) {
                    wrong.push(format!("{name} in {:?}", line.scope));
                }
                if name != "execute" {
                    continue;
                }
                count += 1;
                let called = at > 1 && word(&tokens[at - 2], "cr") && tokens[at - 1] == Token::Sign('.');
                if !called || tokens.get(at + 1) != Some(&Token::Sign('(')) {
                    wrong.push(format!("execute under another name in {:?}", line.scope));
                    continue;
                }
                let (args, _) = inside(tokens, at + 1);
                if let Err(why) = self.is_text(&line.scope, split(args, comma)[0], &mut BTreeSet::new()) {
                    wrong.push(format!("a statement in {:?} has {why} in its text", line.scope));
                }
            }
        }
        (count, wrong)
    }
}

/// What functions are called with is what their parameters may stand for.
fn arguments(line: &Line, params: &BTreeMap<String, Vec<String>>, bindings: &mut Bindings) {
    let tokens = &line.tokens;
    for (at, token) in tokens.iter().enumerate() {
        let Token::Name(name) = token else { continue };
        let Some(params) = params.get(name).filter(|_| at == 0 || !word(&tokens[at - 1], "def")) else { continue };
        let mut bind = |param: &str, value: &[Token]| {
            let key = (name.clone(), param.to_owned());
            bindings.entry(key).or_default().push((line.scope.clone(), value.to_vec()));
        };
        if tokens.get(at + 1) != Some(&Token::Sign('(')) {
            // It is handed on, and called with what nobody knows.
            params.iter().for_each(|param| bind(param, &[Token::Name("anything".to_owned())]));
            continue;
        }
        for (at, value) in split(inside(tokens, at + 1).0, comma).into_iter().enumerate() {
            match value {
                [Token::Name(param), Token::Sign('='), value @ ..] => bind(param, value),
                _ => params.get(at).into_iter().for_each(|param| bind(param, value)),
            }
        }
    }
}

#[test]
fn statements_are_made_of_the_procedures_own_texts() {
    for procedure in Procedure::ALL {
        for version in [14, 16, 19] {
            let (count, wrong) = Code::of(&procedure.code(version)).statements();
            assert!(count > 0, "{} executes nothing", procedure.name());
            assert_eq!(wrong, Vec::<String>::new(), "{} for Odoo {version}", procedure.name());
        }
    }
}

/// The reader of the code sees what it is for, in all the ways that such a mistake was or may be made.
#[test]
fn values_in_a_statement_s_text_are_seen() {
    let seen = |code: &str| !Code::of(code).statements().1.is_empty();
    for code in [
        "cr.execute('SELECT round(x, ' + str(ask['digits']) + ')')",
        "digits = str(ask['digits'])\ncr.execute('SELECT round(x, ' + digits + ')')",
        "def text():\n    return 'round(x, ' + ask['digits'] + ')'\ncr.execute('SELECT ' + text())",
        "def text(lang):\n    return cr.mogrify('x->>%s', (lang,)).decode()\ncr.execute('SELECT ' + text(ask['lang']))",
        "def text(lang):\n    return 'x->>' + lang\ncr.execute('SELECT ' + text(ask['lang']))",
        "cr.execute('SELECT %s' % ask['x'])",
        "cr.execute('SELECT %s' % ask['x'], (1,))",
        "cr.execute('SELECT {}'.format(ask['x']))",
        "cr.execute(f'SELECT {ask}')",
        "parts = []\nfor row in ask['rows']:\n    parts.append(row['x'])\ncr.execute('SELECT ' + ', '.join(parts))",
        "cr.execute('SELECT ' + ', '.join([row['x'] for row in ask['rows']]))",
        "cr.execute('SELECT 1')\nname = cr.fetchone()[0]\ncr.execute('SELECT ' + name)",
        "text = 'SELECT '\ntext += ask['x']\ncr.execute(text)",
        "columns = sorted(ask['row'])\ncr.execute('INSERT INTO x (' + ', '.join(columns) + ')')",
        "run = cr.execute\nrun('SELECT ' + ask['x'])",
        "def insert(model):\n    cr.execute('SELECT 1 FROM ' + model)\ninsert(ask['model'])",
        "def insert(model):\n    cr.execute('SELECT 1 FROM ' + model)\ninsert(model=ask['model'])",
        "def insert(model):\n    cr.execute('SELECT 1 FROM ' + model)\nmany(insert, ask['models'])",
        "x = ask['x'] if ask['y'] else 'z'\ncr.execute('SELECT ' + x)",
        "x, y = 'a', ask['y']\ncr.execute('SELECT ' + y)",
        "known = {}\nfor row in ask['rows']:\n    known.setdefault('a', []).append(row)\ncr.execute('SELECT ' + known['a'][0])",
        "known = {'a': ask['x']}\ncr.execute('SELECT ' + known['a'])",
    ] {
        assert!(seen(code), "not seen: {code}");
    }
    for code in [
        "cr.execute('SELECT %s', (ask['x'],))",
        "x = 'true' if ask['x'] else 'false'\ncr.execute('SELECT ' + x)",
        "x, y = ask['x'], 'b'\ncr.execute('SELECT ' + y, (x,))",
        "cr.execute('SELECT ' + str(int(ask['x'])))",
        "known = {'a': 'b'}\ncr.execute('SELECT ' + known[ask['x']])",
        "for at in range(len(ask['langs'])):\n    cr.execute('SELECT %(l' + str(at) + ')s', {})",
    ] {
        assert!(!seen(code), "seen where nothing is: {code}: {:?}", Code::of(code).statements().1);
    }
}
