//! Who may ask, and for how long.
//!
//! A web page can make a browser on this machine send requests to loopback, under the page's own origin or, once its
//! name was pointed here, under that name. Programs send no `Origin` and call the agent by its address.

use std::net::{IpAddr, SocketAddr};

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::api::ANSWER_MAX;

/// Turns away what comes from web pages.
pub(super) async fn no_web_pages(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        return Problem::new(StatusCode::FORBIDDEN, "web pages may not talk to an agent").into_response();
    }
    next.run(request).await
}

/// Turns away who calls an agent on loopback by a name: nobody has a name for it but this machine.
pub(super) async fn no_names(request: Request, next: Next) -> Response {
    if !is_called_by_address(request.headers()) {
        let error = "call the agent by its address or as `localhost`, not by another name";
        return Problem::new(StatusCode::FORBIDDEN, error).into_response();
    }
    next.run(request).await
}

/// Bounds how long an answer takes to begin.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(ANSWER_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(StatusCode::GATEWAY_TIMEOUT, format!("not done within {ANSWER_MAX:?}")).into_response(),
    }
}

fn is_called_by_address(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || host.parse::<SocketAddr>().is_ok() || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_localhost_are_names_of_an_agent() {
        let is_called = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            is_called_by_address(&headers)
        };
        for good in ["127.0.0.1:8946", "127.0.0.1", "[::1]:8946", "[::1]", "localhost", "LocalHost:8946"] {
            assert!(is_called(good), "{good}");
        }
        for bad in ["evil.example", "evil.example:8946", "localhost.evil.example:8946", ":8946", "127.0.0.1.evil:1"] {
            assert!(!is_called(bad), "{bad}");
        }
        assert!(is_called_by_address(&HeaderMap::new()));
    }
}
