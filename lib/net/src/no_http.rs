//! The twin of `http.rs` without the feature `http`: there is no door.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use mio::Registry;
use mio::event::Event;
use mio::net::TcpStream;
use transom_proto as proto;

#[derive(Default)]
pub(crate) struct Http(());

impl Http {
    pub(crate) fn uses(&self, _: usize) -> bool {
        false
    }

    pub(crate) fn note_readiness(&mut self, _: &Event) -> bool {
        false
    }

    pub(crate) fn listeners(&self) -> usize {
        0
    }

    pub(crate) fn accept(
        &mut self,
        _: usize,
        _: proto::Instant,
    ) -> Option<(TcpStream, SocketAddr)> {
        None
    }

    pub(crate) fn close_stranger(&mut self) -> bool {
        false
    }

    pub(crate) fn add(
        &mut self,
        _: usize,
        _: TcpStream,
        _: SocketAddr,
        _: &Registry,
    ) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn serve(&mut self, _: &mut [u8]) {}

    pub(crate) fn take_owner_event(&mut self) -> bool {
        false
    }

    pub(crate) fn is_busy(&self) -> bool {
        false
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        None
    }

    pub(crate) fn listener_deadline(&self) -> Option<proto::Instant> {
        None
    }
}
