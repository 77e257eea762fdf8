//! Lists the devices of an owserver, and reads their temperatures with one call.
//!
//! Start an owserver with simulated devices in one terminal, and the example in another:
//!
//! ```sh
//! cargo ow --sim serve
//! cargo run -p owproto-std --example temperatures [HOST[:PORT]]
//! ```

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "localhost".into());
    let client = owproto_std::Client::new(&server)?;
    let devices = client.dir("/")?;
    let paths: Vec<_> = devices.iter().map(|device| [device, b"/temperature"].concat()).collect();
    for (device, value) in devices.names().zip(client.read_many(&paths)) {
        match value {
            Ok(value) => println!("{device} {}", String::from_utf8_lossy(&value).trim()),
            Err(error) => println!("{device} has no temperature ({error})"),
        }
    }
    Ok(())
}
