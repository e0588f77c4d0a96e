//! Files: the inbox that receives them safely and the outbox that reads them, with BLAKE3.
