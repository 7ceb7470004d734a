//! The web client is built into the program: build again when it has changed.

fn main() {
    println!("cargo:rerun-if-changed=web/dist");
}
