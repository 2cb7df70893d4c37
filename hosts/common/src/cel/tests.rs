use super::*;
use crate::value::AttributeValue as V;
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// Attributes by path, with a list of what was asked for.
#[derive(Default)]
struct Stream {
    values: Vec<(&'static str, V)>,
    asked: RefCell<Vec<String>>,
}

impl Attributes for Stream {
    fn get(&self, path: &[&str]) -> Option<V> {
        let path = path.join("/");
        let found = self.values.iter().find(|(name, _)| *name == path).map(|(_, value)| value.clone());
        self.asked.borrow_mut().push(path);
        found
    }
}

fn stream() -> Stream {
    let tree = V::Map(vec![
        (b"canary".to_vec(), V::Bool(true)),
        (b"weights".to_vec(), V::List(vec![V::Double(0.5), V::Double(2.0)])),
    ]);
    Stream {
        values: vec![
            ("request/path", V::from("/a?b=c")),
            ("request/method", V::from("GET")),
            ("request/size", V::Int(7)),
            ("request/time", V::Timestamp(1_700_000_000_123_456_789)),
            ("request/duration", V::Duration(1_500_000_000)),
            ("request/headers/x-a", V::from("1")),
            ("request/headers", V::headers([("x-a", "1"), ("x-b", "2"), ("x-b", "3"), ("A", "z")])),
            ("request/headers/bad", V::str(b"\xff\xfe")),
            ("response/code", V::Int(503)),
            ("connection/mtls", V::Bool(false)),
            ("connection_id", V::Uint(12)),
            ("metadata/filter_metadata/ns", tree),
            ("filter_state/raw", V::Bytes(vec![1, 0, 2])),
            ("plugin_name", V::from("p")),
            ("nothing", V::Null),
        ],
        asked: RefCell::default(),
    }
}

fn eval_on(stream: &Stream, text: &str) -> Result<V, Error> {
    Expression::parse(text.as_bytes(), &Limits::default())?.evaluate(stream)
}

fn eval(text: &str) -> Result<V, Error> {
    eval_on(&stream(), text)
}

fn status(text: &str) -> Status {
    eval(text).err().map_or(Status::Ok, |error| error.status)
}

#[test]
fn attributes_and_functions() {
    let yes = [
        "request.path.startsWith('/a') && request.method == 'GET'",
        "request.headers['x-a'] == '1' && request['headers']['x-a'] == '1'",
        "request.headers.exists(k, k == 'x-b')",
        "'x-b' in request.headers && !('x-c' in request.headers)",
        "size(request.headers) == 3",
        "response.code >= 500 && response.code < 600",
        "response.code > 5e2 && connection_id == 12u",
        "metadata.filter_metadata['ns'].canary",
        "metadata.filter_metadata.ns.weights[1] == 2.0",
        "metadata.filter_metadata.ns.weights.map(w, w * 2.0) == [1.0, 4.0]",
        "has(request.headers.bad) && has(request.path) && !has(nothing.x)",
        "!has(request.headers.none) && !has(no.such.thing) && has(response.code)",
        "request.path.matches('^/a[?]b=[a-c]$') && matches('x', '\\\\w')",
        "request.time > timestamp('2023-11-14T00:00:00Z') && request.time.getFullYear() == 2023",
        "request.duration == duration('1.5s')",
        "string(request.size) + 'x' == '7x' && int('4') + 3 == request.size",
        "request.size > 5 ? true : missing.attribute",
        "true || missing.attribute",
        "nothing == null && filter_state.raw == b'\\x01\\x00\\x02'",
        "type(request.path) == string && type(1) == int",
        "[1, 2, 3].all(request, request < 4)",
        "[request.size].exists(x, x == request.size && .response.code == 503)",
        "[[1, 2], [3]].map(l, l.map(x, x + 1)) == [[2, 3], [4]]",
        "[1, 2, 3, 4].filter(x, x % 2 == 0).exists_one(x, x == 2)",
        "{'a': {'b': [1]}}.a.b[0] == 1 && {1: 'x'}[1] == 'x'",
    ];
    for text in yes {
        assert_eq!(eval(text), Ok(V::Bool(true)), "{text}");
    }
}

#[test]
fn results_keep_their_kind() {
    let cases = [
        ("request.path", V::from("/a?b=c")),
        ("request.headers", stream().get(&["request", "headers"]).unwrap()),
        ("request.headers.bad", V::str(b"\xff\xfe")),
        ("filter_state.raw", V::Bytes(vec![1, 0, 2])),
        ("request.size + 1", V::Int(8)),
        ("connection_id + 1u", V::Uint(13)),
        ("1.5 * 2.0", V::Double(3.0)),
        ("request.time + duration('1ms')", V::Timestamp(1_700_000_000_124_456_789)),
        ("timestamp('9999-01-01T00:00:00Z')", V::Timestamp(i64::MAX)),
        ("timestamp('0001-01-01T00:00:00Z')", V::Timestamp(i64::MIN)),
        ("request.duration + duration('1s')", V::Duration(2_500_000_000)),
        ("null", V::Null),
        ("[1, 'a', true]", V::List(vec![V::Int(1), V::from("a"), V::Bool(true)])),
        (
            "{'b': 1, 'a': {true: request.size}}",
            V::Map(vec![(b"a".to_vec(), V::Map(vec![(vec![1], V::Int(7))])), (b"b".to_vec(), V::Int(1))]),
        ),
        ("request.headers.bad + '.'", V::from("\u{fffd}\u{fffd}.")),
    ];
    for (text, expected) in cases {
        assert_eq!(eval(text), Ok(expected), "{text}");
    }
}

#[test]
fn only_what_is_mentioned_is_fetched() {
    let asked = |text: &str| {
        let stream = stream();
        let _ = eval_on(&stream, text);
        stream.asked.into_inner()
    };
    assert_eq!(asked("request.path == 'x' || request.path == request['path']"), ["request/path"]);
    assert_eq!(asked("request.headers['x-a']"), ["request/headers/x-a"]);
    assert_eq!(
        asked("metadata.filter_metadata['ns'].weights[0]"),
        ["metadata/filter_metadata/ns/weights", "metadata/filter_metadata/ns"]
    );
    assert_eq!(asked("request.none"), ["request/none", "request"]);
    assert_eq!(asked("[1].map(request, request.path)"), [""; 0]);
    assert_eq!(asked("1 + 1"), [""; 0]);
    assert_eq!(asked("'request.path' + string(1)"), [""; 0]);
    assert_eq!(asked("request.headers[request.method]"), ["request/headers", "request/method"]);
}

#[test]
fn errors_have_their_status() {
    for text in [
        "",
        "1 +",
        "a b",
        "f(1)",
        "a.f()",
        "size",
        "a.?b",
        "optional.of(1)",
        "Message{a: 1}",
        "'open",
        "1 = 2",
        "has(a)",
        "has(request.headers['x-a'])",
        "@0",
        "@charge(1)",
        "[1].map(1, 2)",
        "`a`",
        "9223372036854775808",
        "'\\ud800'",
    ] {
        let expected = if text == "size" { Status::InternalFailure } else { Status::BadArgument };
        assert_eq!(status(text), expected, "{text}");
    }
    assert_eq!(Expression::parse(b"\xff", &Limits::default()).unwrap_err().status, Status::BadArgument);
    for text in [
        "missing",
        "request.path.x",
        "request.headers.none",
        "request.path + 1",
        "1 / 0",
        "1 % 0",
        "-9223372036854775807 - 2",
        "(-9223372036854775807 - 1) / -1",
        "(-9223372036854775807 - 1) % -1",
        "-(-9223372036854775807 - 1)",
        "[1][1]",
        "[1][-1]",
        "{'a': 1}['b']",
        "int('x')",
        "int(1e300)",
        "uint(-1)",
        "timestamp('x')",
        "timestamp(9223372036854775807)",
        "duration('1')",
        "request.time + duration('9000000h')",
        "'a'.matches('(')",
        "'a'.matches('((a{1000}){1000}){1000}')",
        "string(b'\\xff')",
        "request.time.getHours('No/Where')",
    ] {
        let got = status(text);
        assert!(got == Status::InternalFailure, "{text}: {got:?}, {:?}", eval(text));
    }
    assert_eq!(status("type(1)"), Status::SerializationFailure);
    assert_eq!(eval("request.headers.none").unwrap_err().to_string(), "there is no request.headers.none");
    assert_eq!(eval("[1].map(x, no.such)").unwrap_err().to_string(), "there is no no.such");
    let long = eval(&format!("'{}' + 1", "x".repeat(5000))).unwrap_err();
    assert!(long.message.len() <= 210, "{}", long.message.len());
}

#[test]
fn too_much_work_is_an_error_that_cannot_be_swallowed() {
    let numbers = (0..3000).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let heavy = format!("[{numbers}].all(x, [{numbers}].all(y, x + y >= 0))");
    for text in [heavy.clone(), format!("{heavy} || true"), format!("[1].exists(z, {heavy} || z == 1)")] {
        let error = eval(&text).unwrap_err();
        assert_eq!(error, Error::new(Status::InternalFailure, "the evaluation takes too much"), "{text:.60}");
    }
    assert_eq!(eval(&format!("true || {heavy}")), Ok(V::Bool(true)), "not evaluated");
    assert_eq!(eval(&format!("[{numbers}].all(x, x >= 0)")), Ok(V::Bool(true)), "large, but not too large");
    // A single large attribute counts as often as it is read.
    let large = Stream { values: vec![("large", V::from("x".repeat(1 << 20)))], ..Stream::default() };
    assert_eq!(eval_on(&large, "large.size() + large.size()"), Ok(V::Int(2 << 20)));
    let often = vec!["large"; 30].join(",");
    assert_eq!(eval_on(&large, &format!("[{often}]")).unwrap_err().status, Status::InternalFailure);
}

#[test]
fn foreign_functions() {
    let (mut expressions, stream) = (Expressions::new(Limits { live: 2, ..Limits::default() }), stream());
    let mut call = |function: &str, arguments: &[u8]| {
        expressions.call(function, arguments, &stream).map(|r| r.map_err(|error| error.status))
    };
    assert_eq!(call("expr_create", b"request.size"), Some(Ok(vec![0, 0, 0, 0])));
    assert_eq!(call("expr_create", b"request.method"), Some(Ok(vec![1, 0, 0, 0])));
    assert_eq!(call("expr_create", b"1"), Some(Err(Status::InternalFailure)), "too many");
    assert_eq!(call("expr_evaluate", &[0; 4]), Some(Ok(vec![7, 0, 0, 0, 0, 0, 0, 0])));
    assert_eq!(call("expr_evaluate", &[1, 0, 0, 0]), Some(Ok(b"GET".to_vec())));
    assert_eq!(call("expr_evaluate", &[2, 0, 0, 0]), Some(Err(Status::NotFound)));
    assert_eq!(call("expr_evaluate", &[0; 3]), Some(Err(Status::BadArgument)));
    assert_eq!(call("expr_delete", &[0; 5]), Some(Err(Status::BadArgument)));
    assert_eq!(call("expr_delete", &[0; 4]), Some(Ok(Vec::new())));
    assert_eq!(call("expr_delete", &[0; 4]), Some(Ok(Vec::new())), "as in Envoy");
    assert_eq!(call("expr_evaluate", &[0; 4]), Some(Err(Status::NotFound)));
    assert_eq!(call("expr_create", b"1 +"), Some(Err(Status::BadArgument)));
    assert_eq!(call("expr_create", b"1"), Some(Ok(vec![2, 0, 0, 0])), "tokens are not given again at once");
    assert_eq!(call("compress", b""), None);
}

/// Runs with as much of a stack as a guest at its own stack's limit leaves to the host.
fn on_a_small_stack(stack: usize, test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(stack).spawn(test).unwrap().join().unwrap();
}

/// Of the 128 KiB that a guest at its own stack's limit leaves to the host: the frames around take less than the
/// rest. Unoptimized frames are many times as large.
const STACK: usize = if cfg!(debug_assertions) { 8 << 20 } else { 80 << 10 };

/// Texts that want too much, in some way.
fn hostile() -> Vec<String> {
    let nest = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let numbers = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let mut texts = vec![
        "(".repeat(60_000),
        "(".repeat(100_000),
        ")".repeat(60_000),
        "[".repeat(60_000),
        "{".repeat(60_000),
        "-".repeat(60_000),
        "!-".repeat(30_000),
        "'".repeat(60_000),
        ".".repeat(60_000),
        "a.".repeat(30_000),
        "a?".repeat(30_000),
        nest("(", "1", ")", 30_000),
        nest("[", "1", "]", 30_000),
        nest("{1:", "1", "}", 15_000),
        nest("size(", "''", ")", 8_000),
        format!("a{}", ".b".repeat(30_000)),
        format!("1{}", "+1".repeat(30_000)),
        format!("'a'{}", "+'a'".repeat(15_000)),
        format!("{}1", "true?1:".repeat(9_000)),
        format!("true{}", "&&true".repeat(10_000)),
        format!("true{}", "||false&&true".repeat(5_000)),
        format!("[{}]", numbers(12_000)),
        format!("[{}].map(x, [{}])", numbers(5_000), numbers(5_000)),
        format!("[{}].map(x, '{}')", numbers(5_000), "x".repeat(30_000)),
        format!("[{}].all(x, [{}].exists(y, x == -1))", numbers(3_000), numbers(3_000)),
        format!("[{}].exists(x, no.such)", numbers(10_000)),
        format!("['{}']{}", "x".repeat(30_000), ".map(x, x + x)".repeat(20)),
        format!("{}", vec!["'aaaaaaaaaaaaaaaa'.matches('(a|b|c)*((x{50}){50})')"; 1_000].join("||")),
        format!("'{}'.matches('(a*)*(a*)*(a*)*b')", "a".repeat(50_000)),
        format!("'a'.matches('{}')", nest("(", "a", ")*", 31)),
        format!("'a'.matches('{}')", nest("(", "a", ")*", 20_000)),
        format!("'a'.matches('{}')", nest("[a", "a", "]", 20_000)),
        format!("[{}]", vec!["request.headers"; 4_000].join(",")),
    ];
    for depth in [3, 6, 9, 12, 40, 1000] {
        let range = numbers(10);
        let maps = (0..depth).map(|i| format!("[{range}].map(x{i}, ")).collect::<String>();
        texts.push(format!("{maps}1{}", ")".repeat(depth)));
        let all = (0..depth).map(|i| format!("[{range}].all(x{i}, ")).collect::<String>();
        texts.push(format!("{all}true{}", ")".repeat(depth)));
        let doubled = (1..depth).map(|i| format!("[x{} + x{}].map(x{i}, ", i - 1, i - 1)).collect::<String>();
        texts.push(format!("['12345678'].map(x0, {doubled}1{}", ")".repeat(depth)));
        let listed = (1..depth)
            .map(|i| format!("[[{}]].map(x{i}, ", vec![format!("x{}", i - 1); 9].join(",")))
            .collect::<String>();
        texts.push(format!("[[1]].map(x0, {listed}x{}{}", depth - 1, ")".repeat(depth)));
    }
    texts
}

#[test]
fn hostile_texts_end_soon_and_within_the_hosts_stack() {
    let headers = V::headers((0..500).map(|i| (format!("header-{i}"), "v".repeat(100))));
    for text in hostile() {
        let headers = headers.clone();
        on_a_small_stack(STACK, move || {
            let stream = Stream { values: vec![("request/headers", headers)], ..Stream::default() };
            let start = Instant::now();
            let result = eval_on(&stream, &text);
            let took = start.elapsed();
            assert!(took < Duration::from_secs(10), "{text:.80}: {took:?}");
            let size = result.as_ref().map_or(0, V::weight);
            assert!(size < 64 << 20, "{text:.80}: {size} bytes");
            if took > Duration::from_millis(100) {
                eprintln!("{took:?} {size} {:.80}", text);
            }
        });
    }
}

/// As deep as is taken, in every way that the grammar has.
#[test]
fn the_deepest_expressions_fit_the_hosts_stack() {
    let forms: &[(&str, &str, &str)] = &[
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{1: ", "1", "}"),
        ("size([", "1", "])"),
        ("-(", "1", ")"),
        ("[1, 2].map(x, ", "x", ")"),
        ("[1, 2].filter(x, ", "true", ")"),
        ("[1, 2].all(x, ", "true", ")"),
        ("[1, 2].exists_one(x, ", "true", ")"),
        ("string(", "'a'", ")"),
        ("(true ? ", "1", " : 2)"),
        ("true ? 1 : ", "1", ""),
        ("string('a'.matches(", "'a'", "))"),
        ("1 + ", "1", ""),
        ("1 + 1 * (", "1", ")"),
        ("", "1", " + 1"),
        ("", "{'b': 1}", ".b"),
        ("", "[0]", "[0]"),
        ("", "[0]", ".map(x, x)"),
        ("true && (false || ", "true", ")"),
    ];
    for (open, inner, close) in forms {
        let mut last = 0;
        // How often each form is taken shows that the limits are where they should be.
        for times in 1..100 {
            let text = format!("{}{inner}{}", open.repeat(times), close.repeat(times));
            let (sender, receiver) = std::sync::mpsc::channel();
            on_a_small_stack(STACK, move || {
                let parsed = Expression::parse(text.as_bytes(), &Limits::default());
                let _ = sender.send(parsed.is_ok());
                if let Ok(expression) = parsed {
                    let _ = expression.evaluate(&Stream::default());
                }
            });
            if receiver.recv().unwrap() {
                last = times;
            }
        }
        assert!((8..99).contains(&last), "{open}{inner}{close} is taken {last} times only");
    }
}

/// An expression that the grammar allows, if not the types.
fn sentence(random: &mut impl FnMut(usize) -> usize, depth: usize) -> String {
    const LEAVES: &[&str] = &[
        "x",
        "y",
        "0",
        "-1",
        "3",
        "9223372036854775807",
        "(-9223372036854775807 - 1)",
        "18446744073709551615u",
        "1u",
        "0.0",
        "-1e308",
        "(0.0 / 0.0)",
        "''",
        "'a'",
        "'\u{e9}\u{1f600}'",
        "b'\\xff'",
        "true",
        "false",
        "null",
        "[]",
        "{}",
        "request.headers",
        "request.time",
        "request.duration",
        "request.size",
        "request.path",
        "request.headers.bad",
        "metadata.filter_metadata.ns",
        "connection_id",
        "nothing",
        "no.such",
        "int",
        "filter_state.raw",
        "timestamp('9999-12-31T23:59:59.999999999Z')",
        "timestamp('0001-01-01T00:00:00Z')",
        "duration('315576000000s')",
        "duration('-315576000000s')",
        "'2h'",
        "'America/New_York'",
        "'-14:00'",
    ];
    const ONE: &[&str] = &[
        "-($)",
        "!($)",
        "size($)",
        "string($)",
        "int($)",
        "uint($)",
        "double($)",
        "bytes($)",
        "bool($)",
        "type($)",
        "dyn($)",
        "timestamp($)",
        "duration($)",
        "($).size()",
        "($).getFullYear()",
        "($).getMonth()",
        "($).getDayOfYear()",
        "($).getDayOfMonth()",
        "($).getDate()",
        "($).getDayOfWeek()",
        "($).getHours()",
        "($).getMinutes()",
        "($).getSeconds()",
        "($).getMilliseconds()",
        "[$]",
        "{$: 1}",
        "($).a",
        "($)['a']",
        "($)[0]",
        "has(($).a)",
        "($).map(x, x)",
        "($).map(x, y, x)",
    ];
    const TWO: &[&str] = &[
        "($) + ($)",
        "($) - ($)",
        "($) * ($)",
        "($) / ($)",
        "($) % ($)",
        "($) == ($)",
        "($) != ($)",
        "($) < ($)",
        "($) >= ($)",
        "($) in ($)",
        "($) && ($)",
        "($) || ($)",
        "($)[$]",
        "[$, $]",
        "{$: $}",
        "($).contains($)",
        "($).startsWith($)",
        "($).endsWith($)",
        "($).matches($)",
        "($).map(x, $)",
        "($).filter(x, $)",
        "($).all(y, $)",
        "($).exists(x, $)",
        "($).exists_one(y, $)",
        "($).getHours($)",
        "($).getFullYear($)",
        "($) ? ($) : 'z'",
        "($).getDate($)",
        "($).getMilliseconds($)",
    ];
    let form = match random(if depth == 0 { 1 } else { 8 }) {
        0 => return LEAVES[random(LEAVES.len())].to_owned(),
        1..=3 => ONE[random(ONE.len())],
        _ => TWO[random(TWO.len())],
    };
    let mut parts = form.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(&sentence(random, depth - 1));
        text.push_str(part);
    }
    text
}

/// Pieces of the grammar one after the other, brackets closed more often than not.
fn soup(random: &mut impl FnMut(usize) -> usize, pieces: &[&str]) -> String {
    let mut text = String::new();
    let mut open = Vec::new();
    for _ in 0..1 + random(12) {
        let piece = pieces[random(pieces.len())];
        text.push_str(piece);
        if let Some(bracket) = piece.chars().last()
            && let Some(close) = "([{".find(bracket).map(|i| &")]}"[i..=i])
        {
            open.push(close);
        }
        if random(3) == 0 {
            text.push_str(open.pop().unwrap_or(""));
        }
    }
    text.extend(open.iter().rev().copied());
    text
}

/// Pieces of the grammar put together at random: nothing panics, whatever comes out.
#[test]
fn random_texts_do_not_panic() {
    const PIECES: &[&str] = &[
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "?",
        ".",
        "&&",
        "||",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "==",
        "!=",
        "<",
        ">=",
        " in ",
        "1",
        "0",
        "-9223372036854775808",
        "9223372036854775807",
        "18446744073709551615u",
        "0x7f",
        "1e308",
        ".5",
        "1u",
        "'a'",
        "\"\\u00e9\"",
        "'''x\ny'''",
        "b'\\xff'",
        "r'\\d'",
        "'\\",
        "'",
        "true",
        "false",
        "null",
        "request.headers",
        "request.time",
        "request.duration",
        "request.size",
        "request.path",
        "x",
        "nothing",
        "a.b",
        ".map(x, ",
        ".all(x,",
        ".exists(x,",
        ".filter(x,",
        ".exists_one(x,",
        "has(",
        "size(",
        "string(",
        "int(",
        "uint(",
        "double(",
        "bytes(",
        "bool(",
        "type(",
        "dyn(",
        "timestamp(",
        "duration(",
        ".startsWith(",
        ".contains(",
        ".matches(",
        ".getDate(",
        ".getHours('+25:99')",
        ".getDayOfYear()",
        ".getMonth('')",
        "'-999999h'",
        "'1970-01-01T00:00:00Z'",
        "'2024-02-30T25:61:61+99:99'",
        "'UTC'",
        "//",
        "\n",
        "\u{e9}",
        "\u{0}",
        "[1,2,3]",
        "{'a':1}",
        "{1:2,1:3}",
        "google.protobuf.Duration",
        "Message{a:1}",
        ".?a",
        "[?0]",
        "`q`",
        "@in",
        "0/0",
    ];
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % n as u64) as usize
    };
    let (stream, mut good, mut done) = (stream(), 0, 0);
    let rounds = std::env::var("NULLVM_CEL_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(40_000);
    for round in 0..rounds {
        let text = if round % 2 == 0 { sentence(&mut random, 4) } else { soup(&mut random, PIECES) };
        if let Ok(expression) = Expression::parse(text.as_bytes(), &Limits::default()) {
            good += 1;
            done +=
                usize::from(expression.evaluate(&stream).is_ok_and(|value| !value.serialize().is_empty()));
        }
    }
    assert!(good > rounds / 100 && done > rounds / 1000, "{good} of {rounds} parsed, {done} evaluated");
}
