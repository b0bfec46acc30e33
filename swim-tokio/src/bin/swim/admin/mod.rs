//! The admin address: HTTP and JSON, for the other commands, for probes of health and for Prometheus.
//!
//! It is open to everyone who reaches it, so by default it listens on loopback alone, and `guard.rs` keeps web pages in
//! the browsers of this machine away from it. Connections, bodies and times are bounded.

mod act;
mod events;
mod guard;
mod labels;
mod problem;
mod read;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use swim_tokio::Swim;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use crate::exit::{Exit, Failure};
use crate::output::say;
use crate::settings::flags::AdminAt;

/// What is served.
#[derive(Clone)]
pub(crate) struct Served {
    swim: Swim,
    metrics: PrometheusHandle,
    /// Changes of single labels wait for one another, so that none is lost.
    labels: Arc<Mutex<()>>,
}

/// An address that is open, or served.
#[derive(Debug)]
pub(crate) struct Admin {
    address: SocketAddr,
    listener: Option<TcpListener>,
    /// What nodes that are started from now on measure. Nothing is recorded where nobody could ask for it.
    metrics: PrometheusHandle,
    /// Ends what is served when this is dropped.
    serving: JoinSet<()>,
}

/// Connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 64;
/// The longest body of a request.
const BODY_MAX: usize = 64 << 10;
/// How long a request may take to arrive, and an idle connection may stay.
const HEADER_MAX: Duration = Duration::from_secs(30);

impl Served {
    fn new(swim: Swim, metrics: PrometheusHandle) -> Self {
        Self { swim, metrics, labels: Arc::default() }
    }

    /// Answers what arrives at `address`.
    fn router(self, address: SocketAddr) -> Router {
        let router = Router::new()
            .route("/v1/members", get(read::members))
            .route("/v1/info", get(read::info))
            .route("/v1/stats", get(read::stats))
            .route("/v1/events", get(events::events))
            .route("/v1/labels", get(labels::all).put(labels::replace).patch(labels::change))
            .route("/v1/gossip/{what}", post(act::gossip))
            .route("/v1/heal", post(act::heal))
            .route("/v1/leave", post(act::leave))
            .route("/v1/rejoin", post(act::rejoin))
            .route("/v1/reap", post(act::reap))
            .route("/v1/cut", get(act::cut).put(act::set_cut).delete(act::end_cut))
            .route("/metrics", get(read::metrics))
            .route("/health", get(read::health))
            .route("/ready", get(read::ready))
            .fallback(problem::no_such_path)
            .method_not_allowed_fallback(problem::no_such_method)
            .layer(DefaultBodyLimit::max(BODY_MAX))
            .layer(middleware::from_fn(guard::in_time))
            .layer(middleware::from_fn(guard::no_web_pages));
        let router = match address.ip().to_canonical().is_loopback() {
            true => router.layer(middleware::from_fn(guard::no_names)),
            false => router,
        };
        router.with_state(self)
    }
}

impl Admin {
    /// Opens the address; `None` where it is off.
    ///
    /// # Errors
    /// Where it cannot be opened, and where others could reach it without that being wanted.
    pub(crate) async fn open(at: AdminAt, exposed: bool) -> Result<Option<Self>, Failure> {
        let AdminAt::Address(address) = at else { return Ok(None) };
        if !address.ip().to_canonical().is_loopback() {
            if !exposed {
                let error = anyhow::anyhow!(
                    "the admin address {address} can be reached from other machines, and asks for no password; pass \
                     --admin 127.0.0.1:{}, or --admin-exposed if that is what you want",
                    address.port()
                );
                return Err(Failure::new(Exit::Mistake, error));
            }
            say(format_args!(
                "warning: the admin address {address} asks for no password: whoever reaches it can make this member leave"
            ));
        }
        let listener = TcpListener::bind(address).await.map_err(|error| not_opened(address, error))?;
        let address = listener.local_addr().context("the admin address is not known")?;
        Ok(Some(Self { address, listener: Some(listener), metrics: record_metrics()?, serving: JoinSet::new() }))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests about the node until it is dropped.
    pub(crate) fn serve(mut self, swim: &Swim) -> Self {
        if let Some(listener) = self.listener.take() {
            let served = Served::new(swim.clone(), self.metrics.clone());
            self.serving.spawn(upkeep(self.metrics.clone()));
            self.serving.spawn(accept(listener, served.router(self.address)));
        }
        self
    }
}

fn not_opened(address: SocketAddr, error: std::io::Error) -> Failure {
    let error = anyhow::Error::new(error).context(format!("the admin address {address} cannot be opened"));
    Failure::new(Exit::NotStarted, error).advised(Some(
        "where another agent runs here, pass --bind with a port of this one's own: the admin address follows it, unless \
         --admin names one; or pass --admin ADDRESS:PORT, with port 0 for any that is free, or --admin off",
    ))
}

async fn accept(listener: TcpListener, router: Router) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        // Never closed.
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                connections.spawn(async move {
                    answer(stream, router).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(target: "swim", %error, "the admin address takes no connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(stream: TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = connection.await {
        tracing::debug!(target: "swim", %error, "a connection to the admin address broke");
    }
}

/// Collects metrics from now on: nodes that are started later show in them.
fn record_metrics() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets(&SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .context("metrics cannot be collected")
}

/// The buckets of times, in seconds.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Keeps what is collected small, also where nobody ever asks for it.
async fn upkeep(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        metrics.run_upkeep();
    }
}
