//! A transom station: video calls, camera boxes and files on a local network, in one poll loop.
