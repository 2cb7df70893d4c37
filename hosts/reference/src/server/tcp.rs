//! TCP streams on sockets.

use super::http::Peers;
use super::worker::Worker;
use crate::context::tcp::{Peer, TcpOutput};
use crate::context::{StreamInfo, Waker};
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;

/// Proxies one connection.
pub(super) async fn serve(worker: Rc<Worker>, peers: Peers, client: TcpStream) {
    let live = worker.live();
    let mut info = StreamInfo {
        connection_id: peers.connection_id,
        source: peers.source,
        destination: peers.destination,
        cluster: worker.config.upstream.as_ref().map(|_| worker.config.host.node.cluster_name.clone()),
        ..StreamInfo::default()
    };
    let upstream = match &worker.config.upstream {
        Some(cluster) => TcpStream::connect(&cluster.authority).await.ok(),
        None => None,
    };
    if let Some(socket) = &upstream {
        info.upstream = socket.peer_addr().ok();
        info.upstream_local = socket.local_addr().ok();
    }
    let notify = Rc::new(Notify::new());
    let waker = notify.clone();
    let id = live.vm.new_tcp(live.root, info, Waker::new(move || waker.notify_one()));
    let mut go = live.enter(|vm| vm.tcp_new_connection(id));
    let mut peer = Peer::Local;
    if let Some(upstream) = upstream {
        let (mut client_in, mut client_out) = client.into_split();
        let (mut upstream_in, mut upstream_out) = upstream.into_split();
        let (mut client_open, mut upstream_open) = (true, true);
        let (mut from_client, mut from_upstream) = (vec![0; 16 << 10], vec![0; 16 << 10]);
        let mut ended = Ended::default();
        loop {
            let outputs: Vec<TcpOutput> =
                live.vm.with(|s| s.tcp(id).map(|t| t.out.drain(..).collect()).unwrap_or_default());
            if write(outputs, &mut client_out, &mut upstream_out, &mut ended).await.is_err() {
                break;
            }
            if ended.upstream && ended.client {
                peer = Peer::Remote;
                break;
            }
            go = go || live.vm.with(|s| s.tcp(id).is_none_or(|t| !t.stopped));
            tokio::select! {
                read = read(&mut client_in, &mut from_client), if client_open && go => {
                    match read {
                        Some(n) => {
                            client_open = n > 0;
                            live.enter(|vm| vm.tcp_data(id, true, &from_client[..n], n == 0));
                        }
                        None => {
                            peer = Peer::Remote;
                            break;
                        }
                    }
                }
                read = read(&mut upstream_in, &mut from_upstream), if upstream_open => {
                    // An upstream that breaks off ends like one that closes.
                    let n = read.unwrap_or(0);
                    upstream_open = n > 0;
                    live.enter(|vm| vm.tcp_data(id, false, &from_upstream[..n], n == 0));
                }
                () = notify.notified() => {}
            }
        }
    }
    live.enter(|vm| vm.tcp_closed(id, peer));
}

/// Which ends were told that nothing more comes.
#[derive(Default)]
struct Ended {
    client: bool,
    upstream: bool,
}

async fn read(socket: &mut OwnedReadHalf, buffer: &mut [u8]) -> Option<usize> {
    socket.read(buffer).await.ok()
}

/// Sends what the plugin let through. An error: the connection is to be closed, by the plugin's wish or because it broke.
async fn write(
    outputs: Vec<TcpOutput>,
    client: &mut OwnedWriteHalf,
    upstream: &mut OwnedWriteHalf,
    ended: &mut Ended,
) -> std::io::Result<()> {
    for output in outputs {
        let (socket, data, end, flag) = match output {
            TcpOutput::ToUpstream(data, end) => (&mut *upstream, data, end, &mut ended.upstream),
            TcpOutput::ToDownstream(data, end) => (&mut *client, data, end, &mut ended.client),
            TcpOutput::Close => return Err(std::io::ErrorKind::ConnectionAborted.into()),
        };
        socket.write_all(&data).await?;
        if end {
            *flag = true;
            socket.shutdown().await?;
        }
    }
    Ok(())
}
