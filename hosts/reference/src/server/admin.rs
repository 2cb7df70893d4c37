//! The admin listener: `/stats`, `/stats/prometheus`, `/ready`.

use super::body::ChannelBody;
use crate::metrics::Metrics;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use std::convert::Infallible;

/// Answers one request.
pub(super) fn answer(
    metrics: &Metrics,
    request: &Request<Incoming>,
) -> Result<Response<ChannelBody>, Infallible> {
    let query = request.uri().query().unwrap_or_default();
    let (status, text) = match request.uri().path() {
        "/ready" => (StatusCode::OK, "LIVE\n".to_owned()),
        "/stats" if query.split('&').any(|q| q == "format=prometheus") => {
            (StatusCode::OK, metrics.prometheus())
        }
        "/stats" => (StatusCode::OK, metrics.stats()),
        "/stats/prometheus" => (StatusCode::OK, metrics.prometheus()),
        "/" => (StatusCode::OK, "/ready\n/stats\n/stats/prometheus\n".to_owned()),
        _ => (
            StatusCode::NOT_FOUND,
            "no such page; there are /ready, /stats and /stats/prometheus\n".to_owned(),
        ),
    };
    let mut response = Response::new(ChannelBody::full(text.into_bytes()));
    *response.status_mut() = status;
    let text_plain = http::HeaderValue::from_static("text/plain; charset=UTF-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, text_plain);
    Ok(response)
}
