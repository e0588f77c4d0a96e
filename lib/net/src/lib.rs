//! Sockets: the mio loop that listens, dials, seals and opens. No threads.
