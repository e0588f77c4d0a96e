//! The rules of a session, without IO: no clock, socket, file or thread.
