//! The requests of a bench: one from flags, or those of a HAR file.

use crate::CliError;
use crate::flags::text_or_file;
use clap::Args;
use serde::Deserialize;
use std::path::PathBuf;

/// A request and its response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    pub request: Message,
    pub response: Message,
}

/// Headers, pseudo-headers first, and a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Where the requests come from.
#[derive(Args)]
#[command(next_help_heading = "Requests")]
pub struct TrafficArgs {
    /// Method and path
    #[arg(long, value_name = "METHOD PATH", default_value = "GET /", value_parser = request_line)]
    request: (String, String),

    /// A header of the request; may be repeated
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,

    /// The request's body; @FILE for a file's content
    #[arg(long, value_name = "TEXT|@FILE")]
    body: Option<String>,

    /// Status of the response
    #[arg(long, value_name = "CODE", default_value = "200", value_parser = clap::value_parser!(u16).range(200..600))]
    response_status: u16,

    /// A header of the response; may be repeated
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    response_header: Vec<(String, String)>,

    /// The response's body; @FILE for a file's content
    #[arg(long, value_name = "TEXT|@FILE")]
    response_body: Option<String>,

    /// All requests of a recording, as browsers and proxies save it (HTTP Archive), in turn
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["request", "header", "body", "response_status", "response_header", "response_body"]
    )]
    har: Option<PathBuf>,
}

fn request_line(text: &str) -> Result<(String, String), String> {
    let (method, path) = text.split_once(' ').unwrap_or(("GET", text));
    if method.is_empty() || !path.starts_with('/') || path.contains(' ') {
        return Err("give METHOD /PATH, or /PATH".to_owned());
    }
    Ok((method.to_owned(), path.to_owned()))
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        }
        _ => Err("give NAME: VALUE".to_owned()),
    }
}

impl TrafficArgs {
    /// The requests in their order, one at least.
    pub fn exchanges(&self) -> Result<Vec<Exchange>, CliError> {
        if let Some(path) = &self.har {
            let file = path.display().to_string();
            let bytes =
                std::fs::read(path).map_err(|source| CliError::Read { file: file.clone(), source })?;
            return parse_har(&bytes).map_err(|message| CliError::Usage(format!("{file}: {message}")));
        }
        let (method, path) = &self.request;
        let request = message(
            &[(":authority", "bench.test"), (":path", path), (":method", method), (":scheme", "http")],
            &self.header,
            text_or_file(self.body.clone())?,
        );
        let status = self.response_status.to_string();
        let body = text_or_file(self.response_body.clone())?;
        Ok(vec![Exchange {
            request,
            response: message(&[(":status", &status)], &self.response_header, body),
        }])
    }
}

/// A length that is not given is told, as servers do.
fn message(pseudo: &[(&str, &str)], headers: &[(String, String)], body: Vec<u8>) -> Message {
    let mut all: Vec<(String, String)> =
        pseudo.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    all.extend(headers.iter().cloned());
    if !body.is_empty() && !headers.iter().any(|(name, _)| name == "content-length") {
        all.push(("content-length".to_owned(), body.len().to_string()));
    }
    Message { headers: all, body }
}

/// HTTP Archive 1.2, as far as it is needed.
#[derive(Deserialize)]
struct Har {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: HarRequest,
    response: HarResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<NameValue>,
    post_data: Option<Text>,
}

#[derive(Deserialize)]
struct HarResponse {
    status: i64,
    #[serde(default)]
    headers: Vec<NameValue>,
    content: Option<Text>,
}

#[derive(Deserialize)]
struct NameValue {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Text {
    text: Option<String>,
    encoding: Option<String>,
}

impl Text {
    fn bytes(self) -> Result<Vec<u8>, String> {
        use base64::Engine as _;
        let text = self.text.unwrap_or_default();
        match self.encoding.as_deref() {
            Some("base64") => base64::engine::general_purpose::STANDARD
                .decode(text)
                .map_err(|e| format!("a body is not base64: {e}")),
            _ => Ok(text.into_bytes()),
        }
    }
}

fn parse_har(bytes: &[u8]) -> Result<Vec<Exchange>, String> {
    // Some tools begin the file with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let har: Har = serde_json::from_slice(bytes).map_err(|e| format!("not an HTTP Archive: {e}"))?;
    let exchanges = har.log.entries.into_iter().enumerate().filter_map(|(i, entry)| {
        // A request that was blocked or broken off has no status.
        (200..600)
            .contains(&entry.response.status)
            .then(|| exchange(entry).map_err(|e| format!("log.entries[{i}]: {e}")))
    });
    let exchanges = exchanges.collect::<Result<Vec<_>, _>>()?;
    if exchanges.is_empty() {
        return Err("there is no request with a response in it".to_owned());
    }
    Ok(exchanges)
}

fn exchange(entry: Entry) -> Result<Exchange, String> {
    let HarRequest { method, url, headers, post_data } = entry.request;
    let (scheme, rest) = url.split_once("://").ok_or_else(|| format!("the URL {url:?} has no scheme"))?;
    let rest = rest.split('#').next().unwrap_or(rest);
    let (authority, path) = match rest.find(['/', '?']) {
        Some(at) if rest[at..].starts_with('/') => (&rest[..at], rest[at..].to_owned()),
        Some(at) => (&rest[..at], format!("/{}", &rest[at..])),
        None => (rest, "/".to_owned()),
    };
    let body = post_data.map(Text::bytes).transpose()?.unwrap_or_default();
    let pseudo = [(":authority", authority), (":path", &path), (":method", &method), (":scheme", scheme)];
    let request = message(&pseudo, &plain(headers), body);
    let body = entry.response.content.map(Text::bytes).transpose()?.unwrap_or_default();
    let status = entry.response.status.to_string();
    let response = message(&[(":status", &status)], &plain(entry.response.headers), body);
    Ok(Exchange { request, response })
}

/// Without pseudo-headers, which stand in the URL too; the body's length is that of the recording, which may be encoded otherwise.
fn plain(headers: Vec<NameValue>) -> Vec<(String, String)> {
    headers
        .into_iter()
        .map(|h| (h.name.to_ascii_lowercase(), h.value))
        .filter(|(name, _)| !name.starts_with(':') && name != "content-length" && name != "host")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
        message.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    #[test]
    fn a_recording() {
        let har = br#"{"log": {"version": "1.2", "entries": [
            {"request": {"method": "POST", "url": "https://a.test:8443/x?y=1#z", "headers":
              [{"name": ":path", "value": "/no"}, {"name": "User-Agent", "value": "curl"}, {"name": "Content-Length", "value": "99"}],
              "postData": {"mimeType": "text/plain", "text": "hello"}},
             "response": {"status": 201, "headers": [{"name": "Server", "value": "s"}],
              "content": {"size": 3, "mimeType": "x", "text": "AQID", "encoding": "base64"}}},
            {"request": {"method": "GET", "url": "http://b.test?q"}, "response": {"status": 0}},
            {"request": {"method": "GET", "url": "http://b.test?q"}, "response": {"status": 304}}]}}"#;
        let all = parse_har(har).unwrap();
        assert_eq!(all.len(), 2, "the one without an answer is left out");
        let Exchange { request, response } = &all[0];
        assert_eq!(named(request, ":authority"), Some("a.test:8443"));
        assert_eq!(named(request, ":path"), Some("/x?y=1"));
        assert_eq!((named(request, ":method"), named(request, ":scheme")), (Some("POST"), Some("https")));
        assert_eq!(
            (named(request, "user-agent"), named(request, "content-length")),
            (Some("curl"), Some("5"))
        );
        assert_eq!((named(response, ":status"), response.body.as_slice()), (Some("201"), &[1, 2, 3][..]));
        assert_eq!(named(&all[1].request, ":path"), Some("/?q"));
    }

    #[test]
    fn what_is_no_recording() {
        for (text, part) in [
            ("{", "not an HTTP Archive"),
            ("{}", "missing field `log`"),
            (r#"{"log": {"entries": []}}"#, "no request with a response"),
            (
                r#"{"log": {"entries": [{"request": {"method": "GET", "url": "x"}, "response": {"status": 200}}]}}"#,
                "log.entries[0]: the URL \"x\" has no scheme",
            ),
        ] {
            let error = parse_har(text.as_bytes()).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn flags() {
        assert_eq!(request_line("POST /a"), Ok(("POST".into(), "/a".into())));
        assert_eq!(request_line("/a"), Ok(("GET".into(), "/a".into())));
        assert!(request_line("GET a").is_err() && request_line("GET /a b").is_err());
        assert_eq!(header("X-A:  b:c "), Ok(("x-a".into(), "b:c".into())));
        assert!(header("x").is_err() && header(": y").is_err());
    }
}
