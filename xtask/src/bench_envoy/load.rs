//! Clients that cost little beside Envoy: one request, prepared once, over connections that stay open; responses are counted in bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The value of `user-agent` that all requests carry.
pub const AGENT: &str = "nullvm-bench/1.0 (x86_64; like a browser)";
const PATIENCE: Duration = Duration::from_secs(10);

fn request() -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nhost: bench\r\nuser-agent: {AGENT}\r\naccept: */*\r\n\r\n").into_bytes()
}

/// A connection on which every response has the same length: Envoy's differ only in their date.
struct Connection {
    stream: TcpStream,
    length: usize,
}

impl Connection {
    /// Connects, and learns the length of the responses from the first one.
    fn open(to: SocketAddr, request: &[u8]) -> Result<Self, String> {
        let stream = TcpStream::connect_timeout(&to, PATIENCE).map_err(|e| format!("{to}: {e}"))?;
        let set = || -> std::io::Result<()> {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))
        };
        set().map_err(|e| format!("{to}: {e}"))?;
        let mut connection = Self { stream, length: 0 };
        connection.send(request)?;
        let mut response = Vec::new();
        while connection.length == 0 || response.len() < connection.length {
            let mut buffer = [0; 4096];
            let n = connection.stream.read(&mut buffer).map_err(|e| format!("{to}: {e}"))?;
            if n == 0 {
                return Err(format!("{to}: the connection was closed"));
            }
            response.extend_from_slice(&buffer[..n]);
            connection.length = length(&response)?.unwrap_or(0);
        }
        Ok(connection)
    }

    fn send(&mut self, request: &[u8]) -> Result<(), String> {
        self.stream.write_all(request).map_err(|e| format!("writing a request: {e}"))
    }

    fn receive(&mut self, buffer: &mut Vec<u8>) -> Result<(), String> {
        buffer.resize(self.length, 0);
        self.stream.read_exact(buffer).map_err(|e| format!("reading a response: {e}"))?;
        if buffer.starts_with(b"HTTP/1.1 200 ") {
            Ok(())
        } else {
            Err(format!("an unexpected response: {:?}", String::from_utf8_lossy(buffer)))
        }
    }
}

/// The length of the response that these bytes begin with, once its head is there.
fn length(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(head) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes[..head]);
    let body = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let body = body.ok_or_else(|| format!("a response without a length: {text}"))?;
    Ok(Some(head + 4 + body))
}

/// As many requests as the server takes, one on each connection at a time.
pub struct ClosedLoop {
    connections: Vec<Connection>,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl ClosedLoop {
    /// Connects; every connection has then seen one response.
    pub fn connect(to: SocketAddr, connections: usize) -> Result<Self, String> {
        let request = request();
        let connections =
            (0..connections).map(|_| Connection::open(to, &request)).collect::<Result<_, _>>()?;
        Ok(Self { connections, request, buffer: Vec::new() })
    }

    /// Sends at least this many requests, in multiples of the connections, and waits for all responses.
    pub fn run(&mut self, requests: usize) -> Result<(), String> {
        for connection in &mut self.connections {
            connection.send(&self.request)?;
        }
        let each = requests.div_ceil(self.connections.len());
        for left in (0..each).rev() {
            for connection in &mut self.connections {
                connection.receive(&mut self.buffer)?;
                if left > 0 {
                    connection.send(&self.request)?;
                }
            }
        }
        Ok(())
    }
}

/// Threads of the open loop.
const THREADS: u32 = 4;

/// Requests at a fixed rate: their latencies in microseconds. A request that is due while the one before it on its connection is still
/// under way counts from when it was due, so that a server that stops is not asked less often.
pub fn open_loop(to: SocketAddr, rate: u32, time: Duration) -> Result<Vec<f64>, String> {
    let start = Instant::now() + Duration::from_millis(10);
    let one = |thread: u32| -> Result<Vec<f64>, String> {
        let request = request();
        let mut connection = Connection::open(to, &request)?;
        let mut buffer = Vec::new();
        let mut latencies = Vec::new();
        let mut free = Instant::now();
        for n in 0.. {
            let due = start + Duration::from_secs(1) * (n * THREADS + thread) / rate;
            if due > start + time {
                break;
            }
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            // The sleep's own delay is not the server's.
            let from = if free > due { due } else { Instant::now() };
            connection.send(&request)?;
            connection.receive(&mut buffer)?;
            free = Instant::now();
            latencies.push((free - from).as_secs_f64() * 1e6);
        }
        Ok(latencies)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || one(thread))).collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| "a client's thread panicked".to_owned())??);
        }
        Ok(all)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_known_when_the_head_is_there() {
        assert_eq!(length(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n"), Ok(None));
        assert_eq!(length(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nh"), Ok(Some(41)));
        assert!(length(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
