from __future__ import annotations

from eth_keys.datatypes import PrivateKey
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from e2e.beacon import contract
from e2e.beacon.accounts import RESERVED_COUNT, dev_accounts


def test_addresses_and_public_keys_belong_to_the_keys() -> None:
    for account in dev_accounts():
        public = PrivateKey(bytes.fromhex(account.key[2:])).public_key
        assert account.public_key == public.to_hex()
        assert account.address == public.to_checksum_address()


def test_tests_have_accounts_of_their_own() -> None:
    assert len(dev_accounts()) - RESERVED_COUNT >= 8
    assert len({account.address for account in dev_accounts()}) == len(dev_accounts())


def test_the_contract_is_where_the_first_transaction_puts_it() -> None:
    deployer = bytes.fromhex(dev_accounts()[0].address[2:])
    rlp = bytes([0xD6, 0x94]) + deployer + bytes([0x80])  # [deployer, nonce 0]
    assert to_checksum_address(keccak(rlp)[12:]) == contract.ADDRESS


def test_topics_are_the_hashes_of_the_signatures() -> None:
    assert "0x" + keccak(text="Transfer(address,address,uint256)").hex() == contract.TRANSFER_TOPIC
    assert "0x" + keccak(text="Tick(uint256)").hex() == contract.TICK_TOPIC
