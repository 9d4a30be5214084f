//! A target on loopback that answers with the body it was given last.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) struct Target {
    pub(crate) address: String,
    answer: watch::Sender<Arc<[u8]>>,
}

impl Target {
    /// Listens; it ends with the runtime.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let (answer, answers) = watch::channel(Arc::default());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answers.clone()));
            }
        });
        Self { address, answer }
    }

    /// Answers with `body` from now on.
    pub(crate) fn show(&self, body: &str) {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let answer = [head.as_bytes(), body.as_bytes()].concat();
        self.answer.send_replace(answer.into());
    }
}

/// Answers all requests of a connection.
async fn serve(mut stream: TcpStream, answers: watch::Receiver<Arc<[u8]>>) {
    let mut request = Vec::new();
    while let Ok(1..) = stream.read_buf(&mut request).await {
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            let answer = answers.borrow().clone();
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    }
}
