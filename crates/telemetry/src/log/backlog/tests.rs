use std::io::{self, Write};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use super::{Backlog, ROOM};

const LONG: Duration = Duration::from_secs(10);

/// Keeps what is written, and writes nothing before it is let to.
struct Sink {
    text: Arc<Mutex<String>>,
    /// A write has begun.
    begun: mpsc::Sender<()>,
    allowed: mpsc::Receiver<()>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.send(()).unwrap();
        // The sender is gone when nothing is held up any more.
        let _ended = self.allowed.recv();
        self.text
            .lock()
            .unwrap()
            .push_str(std::str::from_utf8(bytes).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Rig {
    backlog: Arc<Backlog>,
    text: Arc<Mutex<String>>,
    begun: mpsc::Receiver<()>,
    allow: mpsc::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Rig {
    fn start() -> Self {
        let backlog = Arc::new(Backlog::default());
        let text = Arc::new(Mutex::new(String::new()));
        let (begin, begun) = mpsc::channel();
        let (allow, allowed) = mpsc::channel();
        let sink = Sink {
            text: Arc::clone(&text),
            begun: begin,
            allowed,
        };
        let lines = Arc::clone(&backlog);
        let thread = thread::spawn(move || {
            lines.write_to(sink, |lost| push(&lines, &format!("{lost} lost\n")));
        });
        Self {
            backlog,
            text,
            begun,
            allow,
            thread,
        }
    }

    /// Ends it as a process does; all that was written.
    fn end(self) -> String {
        drop(self.allow);
        self.backlog.end();
        self.backlog.wait_until_written(LONG);
        self.thread.join().unwrap();
        self.text.lock().unwrap().clone()
    }
}

fn push(mut backlog: &Backlog, line: &str) {
    backlog.write_all(line.as_bytes()).unwrap();
}

#[test]
fn every_line_is_written_in_order() {
    let rig = Rig::start();
    let mut all = String::new();
    for number in 0..5000 {
        let line = format!("line {number}\n");
        push(&rig.backlog, &line);
        all.push_str(&line);
        // Some come while others are written, and the last ones right before the end.
        if number % 100 == 0 {
            rig.allow.send(()).unwrap();
        }
    }
    assert_eq!(rig.end(), all);
}

#[test]
fn a_sink_that_stands_still_holds_nobody_up_and_what_is_lost_is_told() {
    let rig = Rig::start();
    push(&rig.backlog, "first\n");
    rig.begun.recv_timeout(LONG).unwrap();
    let line = format!("{}\n", "x".repeat(1023));
    for _ in 0..ROOM / line.len() + 7 {
        push(&rig.backlog, &line);
    }
    let text = rig.end();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 1 + ROOM / line.len() + 1);
    assert_eq!((lines[0], lines[lines.len() - 1]), ("first", "7 lost"));
}

#[test]
fn who_waits_for_a_sink_that_stands_still_does_so_for_a_while_only() {
    let rig = Rig::start();
    push(&rig.backlog, "first\n");
    rig.begun.recv_timeout(LONG).unwrap();
    rig.backlog.wait_until_written(Duration::from_millis(1));
    assert_eq!(*rig.text.lock().unwrap(), "");
    assert_eq!(rig.end(), "first\n");
}

#[test]
fn a_line_longer_than_the_room_is_lost() {
    let rig = Rig::start();
    push(&rig.backlog, &"x".repeat(ROOM + 1));
    push(&rig.backlog, "next\n");
    assert_eq!(rig.end(), "next\n1 lost\n");
}
