//! Photos as people send them, and as others would.

use std::{io::Cursor, net::SocketAddr};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use parlor_shared::{
    client::{Client, ClientError},
    id::{Address, PhotoId},
    protocol::{
        ClientFrame, ServerFrame,
        client::ChannelMessage,
        server::Ack,
        value::{Message, RoomRef},
    },
};
use serde_json::Value;

use super::wire::{Wire, request};

/// An answer over HTTP.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{} {:?}", self.head, String::from_utf8_lossy(&self.body)))
    }

    /// The status and the `reason` of an error.
    pub fn refusal(&self) -> (u16, String) {
        let body = self.json();
        assert!(body["error"].is_string() && body["code"].is_u64(), "{body}");
        (
            self.status,
            body["reason"].as_str().expect("a reason").to_owned(),
        )
    }

    pub fn picture(&self) -> DynamicImage {
        assert_eq!(self.status, 200, "{}", self.head);
        image::load_from_memory(&self.body).expect("a picture")
    }
}

/// Sends a request with a body on a connection of its own.
pub async fn ask(address: SocketAddr, line: &str, headers: &[&str], body: &[u8]) -> Reply {
    let host = format!("Host: {address}");
    let usual = [host.as_str(), "Connection: close"];
    let head = request(&format!("{line} HTTP/1.1"), &[&usual, headers].concat());
    let mut wire = Wire::connect(address).await;
    wire.send(head.as_bytes()).await;
    // Who is refused may be hung up on while still sending.
    let _ = wire.try_send(body).await;
    let answer = wire.answer().await;
    let body = wire.rest().await;
    Reply {
        status: answer.status,
        head: answer.head,
        body,
    }
}

pub async fn get(address: SocketAddr, path: &str) -> Reply {
    ask(address, &format!("GET {path}"), &[], &[]).await
}

/// The header that says who somebody is.
pub fn bearer(client: &Client) -> String {
    let me = client.me();
    format!("Authorization: Bearer {}.{}", me.user_uuid, me.access_key.0)
}

/// How a query names a room.
pub fn query(room: &Address) -> String {
    match room {
        Address::General => "recipientUUID=".to_owned(),
        Address::Private(user) => format!("recipientUUID={user}"),
        Address::Named(name) => format!("room={name}"),
    }
}

pub async fn upload(address: SocketAddr, client: &Client, room: &Address, file: &[u8]) -> Reply {
    let line = format!("POST /api/photos?{}", query(room));
    let length = format!("Content-Length: {}", file.len());
    ask(address, &line, &[&bearer(client), &length], file).await
}

/// The id of a photo that was taken.
pub async fn uploaded(
    address: SocketAddr,
    client: &Client,
    room: &Address,
    file: &[u8],
) -> PhotoId {
    let reply = upload(address, client, room, file).await;
    assert_eq!(reply.status, 201, "{:?}", reply.refusal());
    let id = reply.json()["id"].as_str().map(str::parse);
    id.expect("an id").expect("a UUID")
}

/// Sends a message with a photo.
pub async fn say(
    client: &mut Client,
    room: &Address,
    text: &str,
    photo: PhotoId,
    name: Option<&str>,
) -> Result<Ack, ClientError> {
    let block = ChannelMessage {
        room: RoomRef::from(room),
        message: text.into(),
        client_message_id: name.map(str::to_owned),
        photo: Some(photo),
        ..ChannelMessage::default()
    };
    match client.request(ClientFrame::ChannelMessage(block)).await? {
        ServerFrame::Ack(ack) => Ok(ack),
        other => panic!("{other:?}"),
    }
}

/// The message of that number, as it comes live.
pub async fn message(client: &mut Client, seq: u64) -> Message {
    let found = client.expect(|frame| match frame {
        ServerFrame::ChannelMessage(message) if message.seq == seq => Some((**message).clone()),
        _ => None,
    });
    found.await.expect("the message")
}

pub fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .into()
        .write_to(&mut bytes, format)
        .expect("is encoded");
    bytes.into_inner()
}

/// A picture whose left half is red and whose right half is blue.
pub fn red_and_blue(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 {
            Rgb([255, 0, 0])
        } else {
            Rgb([0, 0, 255])
        }
    })
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(red_and_blue(width, height), ImageFormat::Jpeg)
}

/// A picture that can be seen through on its left.
pub fn half_clear(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, _| {
        Rgba([0, 200, 0, if x < width / 2 { 0 } else { 255 }])
    })
}

/// The same with metadata as a camera writes it: turned a quarter, and a place.
pub fn turned(jpeg: &[u8], place: &str) -> Vec<u8> {
    let mut tiff =
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    tiff.extend(place.as_bytes());
    let length = u16::try_from(tiff.len() + 2).expect("short");
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xFF, 0xE1]);
    bytes.extend(length.to_be_bytes());
    bytes.extend(tiff);
    bytes.extend(&jpeg[2..]);
    bytes
}

/// A small PNG that claims another size.
pub fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(red_and_blue(2, 2), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let check = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&check.to_be_bytes());
    bytes
}

pub fn gif_claiming(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = encoded(half_clear(2, 2), ImageFormat::Gif);
    bytes[6..8].copy_from_slice(&width.to_le_bytes());
    bytes[8..10].copy_from_slice(&height.to_le_bytes());
    bytes
}

pub fn jpeg_claiming(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = jpeg(2, 2);
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]);
    let at = frame.expect("a frame header") + 5;
    bytes[at..at + 2].copy_from_slice(&height.to_be_bytes());
    bytes[at + 2..at + 4].copy_from_slice(&width.to_be_bytes());
    bytes
}

/// A small lossless `WebP` that claims 16,383 pixels square.
pub fn webp_claiming_much() -> Vec<u8> {
    const SIDE_LESS_ONE: u32 = 16_382;
    let mut bytes = encoded(half_clear(2, 2), ImageFormat::WebP);
    let chunk = bytes.windows(4).position(|name| name == b"VP8L");
    let at = chunk.expect("lossless") + 9;
    let header = SIDE_LESS_ONE | SIDE_LESS_ONE << 14 | 1 << 28;
    bytes[at..at + 4].copy_from_slice(&header.to_le_bytes());
    bytes
}

/// The checksum of PNG (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 }
        })
    })
}

/// Whether a picture's pixel is about this color.
pub fn is_about(picture: &DynamicImage, (x, y): (u32, u32), color: [u8; 3]) -> bool {
    let pixel = picture.to_rgb8().get_pixel(x, y).0;
    pixel.iter().zip(color).all(|(a, b)| a.abs_diff(b) < 40)
}
