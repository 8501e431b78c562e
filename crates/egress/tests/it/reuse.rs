use std::time::Duration;

use crate::peer::{Fixed, Peer, Way, post, stream, text};
use ironward_core::UpstreamRequest;
use ironward_egress::Settings;
use tokio::io::AsyncReadExt as _;

#[tokio::test]
async fn a_connection_is_used_again_after_its_reply_was_read() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let serve = async {
        let mut line = peer.accept().await;
        for number in 0..3 {
            line.answer(&format!("reply {number}")).await;
        }
        line
    };
    let ask = async {
        for number in 0..3 {
            let reply = way.post("/").await.unwrap();
            assert_eq!(reply.timing.reused, number > 0);
            assert_eq!(text(reply).await.unwrap(), format!("reply {number}"));
            assert_eq!(way.egress.idle(), 1);
        }
    };
    let (_line, ()) = tokio::join!(serve, ask);
    peer.assert_untouched();
}

#[tokio::test]
async fn a_chunked_reply_gives_its_connection_back_at_its_end() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let serve = async {
        let mut line = peer.accept().await;
        line.request().await;
        line.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
            .await;
        line.write("4\r\n two\r\n0\r\n\r\n").await;
        line.answer("again").await;
    };
    let ask = async {
        let mut reply = way.send(stream("/")).await.unwrap();
        assert_eq!(way.egress.idle(), 0);
        let mut text = Vec::new();
        while let Some(piece) = reply.body.next().await.unwrap() {
            text.extend_from_slice(&piece);
        }
        assert_eq!(text, b"one two");
        assert_eq!(way.egress.idle(), 1);
        assert_eq!(way.text("/").await.unwrap(), "again");
    };
    tokio::join!(serve, ask);
}

#[tokio::test]
async fn a_connection_whose_reply_leaves_a_doubt_is_closed() {
    for reply in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n",
    ] {
        let peer = Peer::listen().await;
        let way = Way::to(peer.http());
        let (answered, line) = tokio::join!(way.text("/"), async {
            let mut line = peer.accept().await;
            line.request().await;
            line.write(reply).await;
            line
        });
        assert_eq!(answered.unwrap(), "ok");
        assert_eq!(way.egress.idle(), 0, "{reply:?}");
        line.closed().await;
    }
}

#[tokio::test]
async fn the_connection_that_was_used_last_is_used_first() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let serve = async {
        let (mut first, mut second) = (peer.accept().await, peer.accept().await);
        first.request().await;
        second.request().await;
        first.reply("200 OK", "a").await;
        second.reply("200 OK", "b").await;
        (first, second)
    };
    let (one, two, (mut first, mut second)) = tokio::join!(way.post("/"), way.post("/"), serve);
    let (one, two) = (one.unwrap(), two.unwrap());
    // Whichever request came on the first connection, it is given back first.
    let mut replies = [text(one).await.unwrap(), text(two).await.unwrap()];
    let last = replies[1].clone();
    replies.sort();
    assert_eq!(replies, ["a", "b"]);
    assert_eq!(way.egress.idle(), 2);
    let used_last = if last == "a" { &mut first } else { &mut second };
    let (answered, request) = tokio::join!(way.text("/"), used_last.answer("last"));
    assert_eq!(answered.unwrap(), "last");
    assert!(request.starts_with("POST / "));
}

#[tokio::test]
async fn no_more_connections_are_kept_than_the_limit_says() {
    let peer = Peer::listen().await;
    let settings = Settings {
        idle_per_origin: 1,
        ..Settings::default()
    };
    let way = Way::with(peer.http(), settings, Fixed::loopback());
    let serve = async {
        let (mut first, mut second) = (peer.accept().await, peer.accept().await);
        first.request().await;
        second.request().await;
        first.reply("200 OK", "a").await;
        second.reply("200 OK", "b").await;
        (first, second)
    };
    let (one, two, (first, second)) = tokio::join!(way.post("/"), way.post("/"), serve);
    let earlier = text(one.unwrap()).await.unwrap();
    text(two.unwrap()).await.unwrap();
    assert_eq!(way.egress.idle(), 1);
    // The one that was given back earlier had to go.
    if earlier == "a" { first } else { second }.closed().await;
}

#[tokio::test]
async fn a_connection_that_rested_for_too_long_is_not_used() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let (answered, mut line) = tokio::join!(way.text("/"), async {
        let mut line = peer.accept().await;
        line.answer("old").await;
        line
    });
    assert_eq!(answered.unwrap(), "old");
    way.clock.pass(Duration::from_secs(59));
    let (answered, _) = tokio::join!(way.text("/"), line.answer("still"));
    assert_eq!(answered.unwrap(), "still");
    way.clock.pass(Duration::from_secs(61));
    let (answered, _) = tokio::join!(way.text("/"), async {
        line.closed().await;
        peer.accept().await.answer("new").await
    });
    assert_eq!(answered.unwrap(), "new");
}

#[tokio::test]
async fn a_body_that_is_dropped_closes_its_connection() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let ask = async {
        let mut reply = way.send(stream("/")).await.unwrap();
        assert_eq!(reply.body.next().await.unwrap().unwrap(), "part");
        drop(reply);
        assert_eq!(way.egress.idle(), 0);
    };
    let ((), ()) = tokio::join!(ask, async {
        let mut line = peer.accept().await;
        line.request().await;
        line.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart")
            .await;
        line.closed().await;
    });
}

#[tokio::test]
async fn a_request_that_is_dropped_closes_its_connection() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let mut asking = Box::pin(way.post("/"));
    let mut line = tokio::select! {
        _ = &mut asking => panic!("nothing was answered"),
        line = async {
            let mut line = peer.accept().await;
            line.request().await;
            line
        } => line,
    };
    drop(asking);
    line.write("HTTP/1.1 ").await;
    line.closed().await;
    assert_eq!(way.egress.idle(), 0);
}

#[tokio::test]
async fn a_connection_that_the_peer_closed_while_it_rested_is_replaced() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let (answered, ()) = tokio::join!(way.text("/"), async {
        peer.accept().await.answer("once").await;
    });
    assert_eq!(answered.unwrap(), "once");
    // Long enough for the pool to doubt it: it looks before it sends.
    way.clock.pass(Duration::from_secs(1));
    let (reply, _) = tokio::join!(way.post("/"), async {
        let mut line = peer.accept().await;
        line.answer("again").await;
        line
    });
    let reply = reply.unwrap();
    assert!(!reply.timing.reused);
    assert_eq!(text(reply).await.unwrap(), "again");
}

#[tokio::test]
async fn a_connection_whose_reply_came_before_its_request_was_written_is_not_kept() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let large = UpstreamRequest {
        // More than the sockets of both sides hold.
        body: vec![b'x'; 32 << 20].into(),
        ..post("/")
    };
    let (reply, line) = tokio::join!(way.send(large), async {
        let mut line = peer.accept().await;
        // Its beginning is there, and no more of it is read.
        line.0.read_u8().await.unwrap();
        line.reply("413 Content Too Large", "no").await;
        line
    });
    let reply = reply.unwrap();
    assert_eq!(reply.status, 413);
    assert_eq!(text(reply).await.unwrap(), "no");
    assert_eq!(way.egress.idle(), 0);
    drop(line);
}

#[tokio::test]
async fn a_request_that_is_larger_than_the_sockets_is_written_while_its_reply_is_awaited() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let length = 32 << 20;
    let large = UpstreamRequest {
        body: vec![b'x'; length].into(),
        ..post("/")
    };
    let ask = async { text(way.send(large).await.unwrap()).await.unwrap() };
    let (answered, (request, _line)) = tokio::join!(ask, async {
        let mut line = peer.accept().await;
        (line.answer("thanks").await, line)
    });
    assert_eq!(answered, "thanks");
    assert!(request.len() > length);
    assert_eq!(way.egress.idle(), 1);
}

#[tokio::test]
async fn a_cold_connection_that_the_peer_closed_goes_when_a_hot_one_is_kept() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let serve = async {
        let (mut first, mut second) = (peer.accept().await, peer.accept().await);
        first.request().await;
        second.request().await;
        first.reply("200 OK", "a").await;
        second.reply("200 OK", "b").await;
        (first, second)
    };
    let (one, two, (first, second)) = tokio::join!(way.post("/"), way.post("/"), serve);
    let earlier = text(one.unwrap()).await.unwrap();
    text(two.unwrap()).await.unwrap();
    let (cold, mut hot) = if earlier == "a" {
        (first, second)
    } else {
        (second, first)
    };
    drop(cold);
    assert_eq!(way.egress.idle(), 2);
    let (answered, _) = tokio::join!(way.text("/"), hot.answer("c"));
    assert_eq!(answered.unwrap(), "c");
    assert_eq!(way.egress.idle(), 1);
}

#[tokio::test]
async fn idle_connections_can_be_closed_and_a_drain_keeps_none() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let (_, line) = tokio::join!(way.text("/"), async {
        let mut line = peer.accept().await;
        line.answer("one").await;
        line
    });
    assert_eq!(way.egress.idle(), 1);
    way.egress.close_idle();
    assert_eq!(way.egress.idle(), 0);
    line.closed().await;
    way.egress.drain();
    let (answered, line) = tokio::join!(way.text("/"), async {
        let mut line = peer.accept().await;
        line.answer("two").await;
        line
    });
    assert_eq!(answered.unwrap(), "two");
    line.closed().await;
    assert_eq!(way.egress.idle(), 0);
}

#[test]
fn it_works_on_many_threads_too() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let peer = Peer::listen().await;
        let way = std::sync::Arc::new(Way::to(peer.http()));
        tokio::spawn(async move {
            loop {
                let mut line = peer.accept().await;
                tokio::spawn(async move {
                    loop {
                        line.answer("ok").await;
                    }
                });
            }
        });
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let way = std::sync::Arc::clone(&way);
            tasks.spawn(async move {
                for _ in 0..50 {
                    assert_eq!(way.text("/").await.unwrap(), "ok");
                }
            });
        }
        while let Some(result) = tasks.join_next().await {
            result.unwrap();
        }
        assert!(way.egress.idle() <= 8);
    });
}
