//! Identity, handshake and sealed records, without IO.
