use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::contender::{Bench, free_address};
use crate::process::Running;

/// From spawn to the first 200 of the liveness check, so many times.
pub(super) fn cold_starts(bench: &Bench, times: usize) -> Result<Vec<Duration>, String> {
    let mut starts = Vec::new();
    for _ in 0..times {
        let address = free_address()?;
        let mut command = bench.ironward(&["0"], &address.port().to_string())?;
        let started = Instant::now();
        let _running = Running::listening(command.stdout(Stdio::null()), address, PATIENCE)?;
        while !is_alive(address) {
            if started.elapsed() > PATIENCE {
                return Err("ironward does not say that it is alive".to_owned());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        starts.push(started.elapsed());
    }
    Ok(starts)
}

fn is_alive(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok::<_, std::io::Error>(head.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

const PATIENCE: Duration = Duration::from_secs(10);
