//! An owserver with a thermometer, for four clients at the same time, over an asynchronous transport with exact deadlines:
//!
//!     cargo run -p owproto-embedded --example serve_async -- localhost:4304
//!
//! On a board, replace sockets, clock and delay, with those of embassy for example, and the sensor; the rest is the same.

use std::cell::RefCell;
use std::error::Error;
use std::task::{Context, Poll};
use std::time::Duration;

use embedded_io_adapters::tokio_1::FromTokio;
use owproto_core::ReturnCode;
use owproto_core::server::Connection;
use owproto_core::text::{RomId, Value};
use owproto_core::time::Instant;
use owproto_core::tree::{Access, Bus, Tree};
use owproto_embedded::asynchronous::{Server, Timed};
use tokio::net::TcpListener;

/// The last measurement.
struct Cellar {
    thermometer: RomId,
    celsius: Option<f64>,
}

impl Bus for Cellar {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok([self.thermometer].get(n).copied()))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        Poll::Ready(match (access.property.name, self.celsius) {
            ("temperature", Some(celsius)) => Ok(Value::Float(celsius)),
            _ => Err(ReturnCode::IO),
        })
    }
}

/// Measures repeatedly. It never holds the borrow of the tree while it waits.
async fn measure(tree: &RefCell<Tree<Cellar>>) {
    for n in 0_u32.. {
        // The time of a conversion.
        tokio::time::sleep(Duration::from_millis(750)).await;
        tree.borrow_mut().bus_mut().celsius = Some(12.0 + f64::from(n % 16) / 16.0);
    }
}

/// Serves one client after the other. Four of these futures serve four clients at the same time.
async fn serve(listener: &TcpListener, tree: &RefCell<Tree<Cellar>>, clock: impl Fn() -> Instant) {
    // 256 bytes for answers, which may be longer; 128 bytes for a request.
    let mut server = Server::new(clock, Connection::new([0; 256], [0; 128]), [0; 128]);
    loop {
        let Ok((client, peer)) = listener.accept().await else { continue };
        let mut transport = Timed::new(FromTokio::new(client), embassy_time::Delay);
        match server.serve(&mut transport, tree).await {
            Ok(end) => println!("{peer}: {end}"),
            Err(error) => println!("{peer}: {error}"),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "localhost:4304".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);

    let tree = RefCell::new(Tree::new(Cellar { thermometer: "28.000028D70100".parse()?, celsius: None }));
    let clock = || Instant::from_micros(embassy_time::Instant::now().as_micros());
    let serve = || serve(&listener, &tree, clock);
    tokio::join!(measure(&tree), serve(), serve(), serve(), serve());
    Ok(())
}
