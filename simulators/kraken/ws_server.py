#!/usr/bin/env python3
"""Kraken's public WebSocket (v2) on a loopback port, with faults: for tests, standard library only.

    simulators/kraken/ws_server.py [--port 0] [--rate 200] [--faults cut@50,stall@90:7]

Prints its port on a line. The market goes on whether anybody listens or not: trade N of a pair is a
function of N alone (`trade`), so a test knows what was there to be recorded. Channels trade (snapshot:
the last fifty), ticker and book (ten levels, checksums as Kraken makes them); one acknowledgement per
symbol; a heartbeat each second that nothing else is sent.

Faults happen when the n-th message of data of a connection would be sent:
    cut@n        the connection is reset          close@n      it is closed in order
    stall@n:s    nothing is sent for s seconds    half@n       reset in the middle of a frame
    garbage@n    a text that is no JSON           frame@n      bytes that are no frame
    flip@n       a wrong checksum of a book         slices@n     one byte of a frame at a time
    binary@n     the message as a binary frame
Each happens once per server, on whatever connection comes to it first.
"""
import argparse
import asyncio
import base64
import hashlib
import json
import struct
import sys
import threading
import zlib
from datetime import datetime, timezone

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
FIRST_TIME = 1_700_000_000_000_000  # microseconds
SNAPSHOT_TRADES = 50


def mix(*numbers):
    """A number of 64 bits out of others: the same everywhere."""
    return int.from_bytes(hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest(), "big")


def trade(symbol, number):
    """Trade `number` (from 1) of a pair: (id, microseconds, price in tenths, 10^-8 of quantity, side)."""
    chance = mix("trade", symbol, number)
    return (number, FIRST_TIME + number * 1000 + chance % 700, 600_000 + chance // 700 % 4001,
            1 + chance // 2_800_000 % 500_000_000, "buy" if chance >> 60 & 1 else "sell")


def time_text(micros):
    moment = datetime.fromtimestamp(micros // 1_000_000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{micros % 1_000_000:06d}Z"


def price_text(tenths):
    return f"{tenths // 10}.{tenths % 10}"


def qty_text(amount):
    return f"{amount // 10 ** 8}.{amount % 10 ** 8:08d}"


def trade_text(symbol, item):
    number, micros, price, quantity, side = item
    return (f'{{"symbol":"{symbol}","side":"{side}","price":{price_text(price)},"qty":{qty_text(quantity)},'
            f'"ord_type":"limit","trade_id":{number},"timestamp":"{time_text(micros)}"}}')


def checksum(asks, bids):
    text = "".join(str(price) + str(quantity) for price, quantity in sorted(asks.items())[:10])
    text += "".join(str(price) + str(quantity) for price, quantity in sorted(bids.items(), reverse=True)[:10])
    return zlib.crc32(text.encode())


class Book:
    """Ten levels a side; step(n) changes some of them, n by n the same in every run."""

    def __init__(self, symbol):
        self.symbol, self.count = symbol, 0
        self.asks = {600_001 + i * 3: 10 ** 8 + i for i in range(10)}
        self.bids = {600_000 - i * 3: 10 ** 8 + i for i in range(10)}

    def levels(self, side):
        return ",".join(f'{{"price":{price_text(p)},"qty":{qty_text(q)}}}' for p, q in side)

    def message(self, kind, asks, bids, wrong=False):
        stamp = time_text(FIRST_TIME + self.count * 1000)
        value = checksum(self.asks, self.bids) ^ (1 if wrong else 0)
        return (f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{self.symbol}",'
                f'"bids":[{self.levels(bids)}],"asks":[{self.levels(asks)}],"checksum":{value},'
                f'"timestamp":"{stamp}"}}]}}')

    def snapshot(self):
        return self.message("snapshot", sorted(self.asks.items()), sorted(self.bids.items(), reverse=True))

    def step(self):
        """Changes the book and gives what is to be sent; a level that goes is replaced further out."""
        self.count += 1
        chance = mix("book", self.symbol, self.count)
        side, sign = (self.asks, 1) if chance & 1 else (self.bids, -1)
        prices = sorted(side, reverse=sign < 0)
        price = prices[chance // 2 % 10]
        changes = []
        if chance // 20 % 4 == 0:
            del side[price]
            changes.append((price, 0))
            far = prices[-1] + sign * (1 + chance // 80 % 5)
            side[far] = 1 + chance // 400 % 10 ** 9
            changes.append((far, side[far]))
        else:
            side[price] = 1 + chance // 80 % 10 ** 9
            changes.append((price, side[price]))
        return (changes, []) if side is self.asks else ([], changes)


class Connection:
    def __init__(self, server, reader, writer):
        self.server, self.reader, self.writer = server, reader, writer
        self.subscribed = {}  # (channel, symbol) -> True
        self.data_sent, self.is_gone, self.sent_at = 0, False, 0.0
        self.stalled_until = 0.0
        self.lock = asyncio.Lock()

    async def write(self, data):
        while asyncio.get_running_loop().time() < self.stalled_until and not self.is_gone:
            await asyncio.sleep(0.01)
        self.writer.write(data)
        await self.writer.drain()

    @staticmethod
    def frame(payload, opcode=1):
        head = bytes([0x80 | opcode])
        if len(payload) < 126:
            return head + bytes([len(payload)]) + payload
        if len(payload) < 65536:
            return head + bytes([126]) + struct.pack(">H", len(payload)) + payload
        return head + bytes([127]) + struct.pack(">Q", len(payload)) + payload

    async def send(self, text):
        self.sent_at = asyncio.get_running_loop().time()
        await self.write(self.frame(text.encode()))

    def reset(self):
        self.is_gone = True
        sock = self.writer.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SOL_SOCKET, SO_LINGER: RST
        self.writer.transport.abort()

    async def send_data(self, make, is_book=False):
        """`make(wrong)` gives the message; the fault that is due happens instead or with it."""
        async with self.lock:
            if self.is_gone or asyncio.get_running_loop().time() < self.stalled_until:
                return
            self.data_sent += 1
            fault, seconds = self.server.take_fault(self.data_sent, is_book)
            text = make(fault == "flip")
            frame = self.frame(text.encode(), 2 if fault == "binary" else 1)
            self.sent_at = asyncio.get_running_loop().time()
            if fault == "cut":
                self.reset()
            elif fault == "half":
                await self.write(frame[: len(frame) // 2])
                self.reset()
            elif fault == "close":
                self.is_gone = True
                await self.write(self.frame(struct.pack(">H", 1001), 8))
                self.writer.close()
            elif fault == "frame":
                await self.write(b"\xff\xff\xff\xff not a frame")
            elif fault == "slices":
                for i in range(len(frame)):
                    await self.write(frame[i:i + 1])
                    await asyncio.sleep(0)
            else:
                if fault == "stall":  # no heartbeat and no pong either
                    self.stalled_until = asyncio.get_running_loop().time() + seconds
                    return
                if fault == "garbage":
                    await self.send("this is no JSON }{")
                if not self.is_gone:
                    await self.write(frame)

    async def read_frame(self):
        head = await self.reader.readexactly(2)
        length = head[1] & 0x7F
        if length == 126:
            length = struct.unpack(">H", await self.reader.readexactly(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", await self.reader.readexactly(8))[0]
        if not head[1] & 0x80 or length > 1 << 20:
            raise ConnectionError("a client masks, and says less")
        mask = await self.reader.readexactly(4)
        payload = await self.reader.readexactly(length)
        return head[0] & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(payload))

    async def handshake(self):
        request = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = request.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        headers = {name.lower(): value for name, value in headers.items()}
        key = headers.get("sec-websocket-key")
        if key is None or not lines[0].startswith("GET /v2 "):
            await self.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            raise ConnectionError("no handshake")
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        await self.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())

    async def on_request(self, request):
        method, params = request.get("method"), request.get("params", {})
        now = time_text(FIRST_TIME)
        tail = f'"time_in":"{now}","time_out":"{now}"'
        tail = f'"req_id":{request["req_id"]},' + tail if "req_id" in request else tail
        if method == "ping":
            await self.send(f'{{"method":"pong",{tail}}}')
            return
        for symbol in params.get("symbol", []):
            channel = params.get("channel")
            if symbol not in self.server.symbols or channel not in ("trade", "book", "ticker"):
                await self.send(f'{{"error":"Currency pair not supported {symbol}","method":"{method}",'
                                f'"success":false,"symbol":"{symbol}",{tail}}}')
                continue
            await self.send(f'{{"method":"{method}","result":{{"channel":"{channel}","symbol":"{symbol}",'
                            f'"snapshot":true}},"success":true,{tail}}}')
            if method == "subscribe":
                await self.server.start(self, channel, symbol)
            else:
                self.subscribed.pop((channel, symbol), None)

    async def serve(self):
        try:
            await self.handshake()
            self.server.connection_count += 1
            await self.send('{"channel":"status","data":[{"api_version":"v2","connection_id":12393906104898154338,'
                            '"system":"online","version":"2.0.4"}],"type":"update"}')
            self.server.connections.append(self)
            while not self.is_gone:
                opcode, payload = await self.read_frame()
                if opcode == 8:
                    break
                if opcode == 9:
                    await self.write(self.frame(payload, 10))
                elif opcode in (1, 2):
                    await self.on_request(json.loads(payload))
        except (asyncio.IncompleteReadError, ConnectionError, OSError, asyncio.LimitOverrunError):
            pass
        finally:
            self.is_gone = True
            if self in self.server.connections:
                self.server.connections.remove(self)
            self.writer.close()


class Server:
    """server = Server(...); server.start_thread(); ... server.port ...; server.stop()."""

    def __init__(self, symbols=("BTC/USD", "ETH/USD"), rate=200.0, faults="", port=0, trades=None, pace=None,
                 last=None, tls=None):
        self.tls = tls  # an ssl.SSLContext; None: plain
        self.symbols, self.rate, self.port = symbols, rate, port
        self.trades = trades  # {symbol: [(id, micros, price, qty, side)]}; None: trade()
        self.last = last      # trades end behind this number; None: never
        self.faults = self.parse(faults)
        self.connections, self.connection_count = [], 0
        self.number = {symbol: 0 for symbol in symbols}  # trades so far
        self.books = {symbol: Book(symbol) for symbol in symbols}
        self.pace = pace  # trades go out only while somebody listens, so that none is missed
        self.is_ready, self.is_stopping = threading.Event(), False
        self.fired = []

    @staticmethod
    def parse(text):
        faults = []
        for part in filter(None, text.split(",")):
            name, _, rest = part.partition("@")
            at, _, seconds = rest.partition(":")
            faults.append((int(at), name, float(seconds or 0)))
        return sorted(faults)

    def take_fault(self, sent, is_book):
        for fault in self.faults:
            if (fault[0] <= sent and is_book) if fault[1] == "flip" else fault[0] == sent:
                self.faults.remove(fault)
                self.fired.append(fault[1])
                return fault[1], fault[2]
        return None, 0.0

    def item(self, symbol, number):
        return self.trades[symbol][number - 1] if self.trades else trade(symbol, number)

    def end(self, symbol):
        return len(self.trades[symbol]) if self.trades else self.last

    async def start(self, connection, channel, symbol):
        if channel == "trade":
            upto = self.number[symbol]
            first = max(1, upto - SNAPSHOT_TRADES + 1)
            items = ",".join(trade_text(symbol, self.item(symbol, n)) for n in range(first, upto + 1))
            connection.subscribed[channel, symbol] = True
            if items:
                await connection.send_data(
                    lambda _: f'{{"channel":"trade","type":"snapshot","data":[{items}]}}')
        elif channel == "book":
            text = self.books[symbol].snapshot()
            connection.subscribed[channel, symbol] = True
            await connection.send_data(lambda _: text)
        else:
            connection.subscribed[channel, symbol] = True

    async def send_all(self, channel, symbol, make):
        for connection in list(self.connections):
            if (channel, symbol) in connection.subscribed and not connection.is_gone:
                try:
                    await connection.send_data(make, channel == "book")
                except (ConnectionError, OSError):
                    connection.is_gone = True

    async def tick(self, symbol, count):
        end = self.end(symbol)
        first = self.number[symbol] + 1
        upto = self.number[symbol] + count
        upto = upto if end is None else min(upto, end)
        if upto >= first:
            self.number[symbol] = upto
            items = ",".join(trade_text(symbol, self.item(symbol, n)) for n in range(first, upto + 1))
            await self.send_all("trade", symbol, lambda _: f'{{"channel":"trade","type":"update","data":[{items}]}}')
        book = self.books[symbol]
        asks, bids = book.step()
        await self.send_all("book", symbol, lambda wrong: book.message("update", asks, bids, wrong))
        bid, ask = max(book.bids), min(book.asks)
        quote = (f'{{"channel":"ticker","type":"update","data":[{{"symbol":"{symbol}","bid":{price_text(bid)},'
                 f'"bid_qty":{qty_text(book.bids[bid])},"ask":{price_text(ask)},'
                 f'"ask_qty":{qty_text(book.asks[ask])},"last":{price_text(bid)}}}]}}')
        await self.send_all("ticker", symbol, lambda _: quote)

    async def market(self):
        """Messages of one to four trades, at `rate` trades a second."""
        loop = asyncio.get_running_loop()
        started, done, turn = loop.time(), 0.0, 0
        while not self.is_stopping:
            listening = any(connection.subscribed for connection in self.connections)
            if self.pace and not listening:
                await asyncio.sleep(0.005)
                started, done = loop.time(), 0.0
                continue
            turn += 1
            count = 1 + mix("turn", turn) % 4
            for symbol in self.symbols:
                await self.tick(symbol, count)
            done += count
            await asyncio.sleep(max(0.0, started + done / self.rate - loop.time()))

    async def heartbeats(self):
        while not self.is_stopping:
            await asyncio.sleep(0.25)
            now = asyncio.get_running_loop().time()
            for connection in list(self.connections):
                if connection.subscribed and not connection.is_gone and now - connection.sent_at >= 1:
                    try:
                        await connection.send('{"channel":"heartbeat"}')
                    except (ConnectionError, OSError):
                        connection.is_gone = True

    async def run(self):
        server = await asyncio.start_server(lambda r, w: Connection(self, r, w).serve(), "127.0.0.1", self.port,
                                            ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self.is_ready.set()
        tasks = [asyncio.create_task(self.market()), asyncio.create_task(self.heartbeats())]
        while not self.is_stopping:
            await asyncio.sleep(0.05)
        for connection in list(self.connections):
            connection.reset()
        for task in tasks:
            task.cancel()
        server.close()

    def start_thread(self):
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True)
        self.thread.start()
        self.is_ready.wait(10)
        return self

    def stop(self):
        self.is_stopping = True
        self.thread.join(10)

    @property
    def url(self):
        return f"{'ws' if self.tls is None else 'wss'}://127.0.0.1:{self.port}/v2"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rate", type=float, default=200.0, help="trades a second of each pair")
    parser.add_argument("--faults", default="")
    parser.add_argument("--pair", action="append")
    args = parser.parse_args()
    server = Server(tuple(args.pair or ("BTC/USD", "ETH/USD")), args.rate, args.faults, args.port).start_thread()
    print(server.port, flush=True)
    try:
        server.thread.join()
    except KeyboardInterrupt:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
