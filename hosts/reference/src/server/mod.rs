//! The server behind `nullvmc serve`: a listener, worker threads with one VM each, an admin listener.

mod admin;
mod body;
mod calls;
mod http;
mod tcp;
mod upstream;
mod worker;

use crate::config::{ConfigError, ServerConfig};
use crate::engine::{self, EngineError, LoadOptions, Module};
use crate::log::{Level, Logger};
use crate::metrics::Metrics;
use crate::vm::VmError;
use http::Peers;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use worker::Worker;

/// How long connections and plugins may take to end after a shutdown was asked for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Stack of worker threads: guests run on it.
const WORKER_STACK: usize = 8 << 20;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The configuration makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The module is refused.
    #[error(transparent)]
    Load(#[from] EngineError),
    /// The plugin did not start.
    #[error(transparent)]
    Start(#[from] VmError),
    /// The system refused a socket or a thread.
    #[error("{what}: {error}")]
    System {
        /// What for.
        what: String,
        /// Why.
        error: std::io::Error,
    },
}

fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> ServerError {
    let what = what.into();
    move |error| ServerError::System { what, error }
}

/// Starts servers.
pub struct Server;

/// A server that runs. Dropping it shuts it down.
pub struct RunningServer {
    local_addr: SocketAddr,
    admin_addr: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
    metrics: Arc<Metrics>,
    logger: Arc<Logger>,
}

impl Server {
    /// Loads the module, starts the plugin on every worker and listens.
    ///
    /// # Errors
    /// When any of that fails: then nothing is left running.
    pub fn start(config: ServerConfig) -> Result<RunningServer, ServerError> {
        if config.tcp && config.upstream.is_none() {
            return Err(ConfigError("a TCP proxy needs an upstream".to_owned()).into());
        }
        if let Some((status, _)) = &config.respond
            && !(200..=599).contains(status)
        {
            return Err(ConfigError(format!("{status} is no status to answer with")).into());
        }
        let interruptible = config.load.interruptible || config.host.limits.deadline_ms.is_some();
        let options = LoadOptions { interruptible, ..config.load };
        let module = engine::load(config.engine, &config.plugin.name, &config.wasm, options)?;
        Self::start_module(module, config)
    }

    /// As [`Server::start`], with a module that is loaded already.
    ///
    /// # Errors
    /// When the plugin does not start or a socket or thread is refused.
    pub fn start_module(module: Arc<dyn Module>, config: ServerConfig) -> Result<RunningServer, ServerError> {
        let config = Arc::new(config);
        let listener = bind(config.listen)?;
        let local_addr = listener.local_addr().map_err(system("listening"))?;
        let admin = config.admin.map(bind).transpose()?;
        let admin_addr = admin.as_ref().and_then(|l| l.local_addr().ok());
        let (stop, stopped) = watch::channel(false);
        let mut server = RunningServer {
            local_addr,
            admin_addr,
            stop,
            threads: Vec::new(),
            metrics: config.host.metrics.clone(),
            logger: config.host.logger.clone(),
        };
        for n in 0..config.workers.max(1) {
            let listener = listener.try_clone().map_err(system("listening"))?;
            let (config, module, stopped) = (config.clone(), module.clone(), stopped.clone());
            let (ready, started) = std::sync::mpsc::channel();
            let thread = std::thread::Builder::new()
                .name(format!("worker-{n}"))
                .stack_size(WORKER_STACK)
                .spawn(move || run_worker(config, module, listener, stopped, &ready))
                .map_err(system("starting a worker"))?;
            server.threads.push(thread);
            match started.recv() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(ConfigError("a worker ended while it started".to_owned()).into()),
            }
        }
        if let Some(listener) = admin {
            let metrics = config.host.metrics.clone();
            let thread = std::thread::Builder::new()
                .name("admin".to_owned())
                .spawn(move || run_admin(listener, metrics, stopped))
                .map_err(system("starting the admin listener"))?;
            server.threads.push(thread);
        }
        Ok(server)
    }
}

impl RunningServer {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Where its admin pages are.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin_addr
    }

    /// Its metrics.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Its log; lines are there when it captures them.
    pub fn logs(&self) -> &Arc<Logger> {
        &self.logger
    }

    /// Ends it: no new connections, a little time for those that are open, then `proxy_on_done` and `proxy_on_delete`.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        // Workers that ended do not listen.
        let _ = self.stop.send(true);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                self.logger.log(Level::Critical, "a worker panicked");
            }
        }
    }
}

/// Lets a server run until the user interrupts it (SIGINT) or it is told to end (SIGTERM), and shuts it down.
///
/// # Errors
/// When signals cannot be waited for.
pub fn run_until_ctrl_c(server: RunningServer) -> Result<(), ServerError> {
    let runtime = runtime()?;
    runtime.block_on(told_to_end()).map_err(system("waiting for a signal"))?;
    server.shutdown();
    Ok(())
}

async fn told_to_end() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

fn bind(addr: SocketAddr) -> Result<TcpListener, ServerError> {
    let listener = TcpListener::bind(addr).map_err(system(format!("listening on {addr}")))?;
    listener.set_nonblocking(true).map_err(system(format!("listening on {addr}")))?;
    Ok(listener)
}

fn runtime() -> Result<tokio::runtime::Runtime, ServerError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(system("starting a worker"))
}

/// Runs hyper's own tasks beside ours.
#[derive(Clone, Copy)]
struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}

type Started = std::sync::mpsc::Sender<Result<(), ServerError>>;

fn run_worker(
    config: Arc<ServerConfig>,
    module: Arc<dyn Module>,
    listener: TcpListener,
    mut stopped: watch::Receiver<bool>,
    ready: &Started,
) {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let (mailbox, mut queue_events) = mpsc::unbounded_channel();
        let start = Worker::start(config, module, mailbox).map_err(ServerError::from).and_then(|worker| {
            let listener = tokio::net::TcpListener::from_std(listener).map_err(system("listening"))?;
            Ok((worker, listener))
        });
        let (worker, listener) = match start {
            Ok(started) => started,
            Err(error) => return drop(ready.send(Err(error))),
        };
        // Nobody waits if the start was given up.
        let _ = ready.send(Ok(()));
        let open = Rc::new(());
        let told = stopped.clone();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    if let Ok((socket, source)) = accepted {
                        connection(&worker, socket, source, told.clone(), open.clone());
                    } else {
                        // Out of descriptors, most likely: let some connections end.
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
                Some(event) = queue_events.recv() => worker.queue_ready(event),
                _ = stopped.wait_for(|stop| *stop) => break,
            }
        }
        drop(listener);
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while Rc::strong_count(&open) > 1 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        worker.shut_down(PATIENCE).await;
    });
}

fn connection(
    worker: &Rc<Worker>,
    socket: tokio::net::TcpStream,
    source: SocketAddr,
    mut stopped: watch::Receiver<bool>,
    open: Rc<()>,
) {
    static CONNECTIONS: AtomicU64 = AtomicU64::new(1);
    // A socket without it is slower and works.
    let _ = socket.set_nodelay(true);
    let peers = Peers {
        connection_id: CONNECTIONS.fetch_add(1, Ordering::Relaxed),
        source: Some(source),
        destination: socket.local_addr().ok(),
    };
    let worker = worker.clone();
    if worker.config.tcp {
        tokio::task::spawn_local(async move {
            tcp::serve(worker, peers, socket).await;
            drop(open);
        });
        return;
    }
    tokio::task::spawn_local(async move {
        let mut builder = auto::Builder::new(LocalExecutor);
        builder.http1().timer(TokioTimer::new());
        builder.http2().timer(TokioTimer::new());
        let service = service_fn(move |request| http::serve(worker.clone(), peers, request));
        let connection = builder.serve_connection(TokioIo::new(socket), service);
        tokio::pin!(connection);
        // What breaks a connection off is told to its streams, which know more.
        tokio::select! {
            _ = connection.as_mut() => {}
            _ = stopped.wait_for(|stop| *stop) => {
                connection.as_mut().graceful_shutdown();
                let _ = tokio::time::timeout(PATIENCE, connection).await;
            }
        }
        drop(open);
    });
}

fn run_admin(listener: TcpListener, metrics: Arc<Metrics>, mut stopped: watch::Receiver<bool>) {
    let Ok(runtime) = runtime() else { return };
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
        loop {
            let socket = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((socket, _)) => socket,
                    Err(_) => continue,
                },
                _ = stopped.wait_for(|stop| *stop) => return,
            };
            let metrics = metrics.clone();
            tokio::task::spawn_local(async move {
                let service = service_fn(move |request| {
                    let answer = admin::answer(&metrics, &request);
                    async move { answer }
                });
                let connection = auto::Builder::new(LocalExecutor);
                // A client that breaks off does not matter.
                let _ = connection.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
}
