use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use ironward_core::Fault;

use super::ReplyBody;
use crate::faults;

struct Pieces(VecDeque<Result<&'static str, Fault>>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let piece = self.0.pop_front();
        Poll::Ready(
            piece.map(|piece| piece.map(|text| Frame::data(Bytes::from_static(text.as_bytes())))),
        )
    }
}

fn body(pieces: impl IntoIterator<Item = Result<&'static str, Fault>>) -> ReplyBody {
    ReplyBody::new(Pieces(pieces.into_iter().collect()))
}

#[tokio::test]
async fn one_piece_is_handed_on_without_a_copy() {
    let piece = Bytes::from(vec![7; 100]);
    let whole = ReplyBody::whole(piece.clone()).collect(100).await.unwrap();
    assert_eq!(whole.as_ptr(), piece.as_ptr());
}

#[tokio::test]
async fn pieces_are_put_together_up_to_the_limit() {
    let pieces = [Ok("one "), Ok("two "), Ok("three")];
    assert_eq!(
        body(pieces.clone()).collect(13).await.unwrap(),
        "one two three"
    );
    let fault = body(pieces).collect(12).await.unwrap_err();
    assert!(fault.message.contains("larger than the limit of 12 bytes"));
    assert!(body([Ok("too long")]).collect(3).await.is_err());
    assert_eq!(body([]).collect(0).await.unwrap(), "");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_never_a_whole_one() {
    let pieces = || [Ok("one "), Ok("two "), Err(faults::truncated())];
    assert!(body(pieces()).collect(100).await.is_err());
    assert_eq!(body(pieces()).prefix(100).await, "one two ");
    assert_eq!(body(pieces()).prefix(5).await, "one t");
}
