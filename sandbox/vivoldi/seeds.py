"""The coupons that a web page or a demo starts with: one of each sort that an approver may meet."""

from datetime import timedelta
from typing import Any

from sandbox.vivoldi.coupon import FIXED_AMOUNT
from sandbox.vivoldi.world import World


def seed(world: World) -> None:
    """Create the sample coupons, with dates around the world clock's today."""
    for fields in _samples(world):
        world.create(fields)


def _samples(world: World) -> list[dict[str, Any]]:
    today = world.now().date()

    def day(offset: int) -> str:
        return (today + timedelta(days=offset)).isoformat()

    return [
        {
            "cpnNo": "SUMMER10OFF",
            "nm": "Summer campaign, 10% off",
            "disc": 10,
            "strtYmd": day(-7),
            "endYmd": day(21),
        },
        {
            "cpnNo": "CAKE100USED",
            "nm": "$100 off cake",
            "discTypeIdx": FIXED_AMOUNT,
            "disc": 100,
            "useLimit": 2,
            "useCnt": 1,
        },
        {
            "cpnNo": "ALWAYS5OFF",
            "nm": "5% off, as often as you like",
            "disc": 5,
            "useLimit": 0,
            "useCnt": 1204,
        },
        {
            "cpnNo": "GIFTFORMINA1",
            "nm": "Birthday gift",
            "disc": 25,
            "userId": "mina-0417",
            "userNm": "Mina Example",
            "userPhnno": "+00 000 0417",
            "userEml": "mina@shop.example",
            "onsiteYn": "Y",
            "onsitePwd": "0417",
            "memo": "Issued by phone",
        },
        {
            "cpnNo": "LASTSEASON20",
            "nm": "Last season, 20% off",
            "disc": 20,
            "strtYmd": day(-90),
            "endYmd": day(-30),
        },
        {
            "cpnNo": "COMINGSOON15",
            "nm": "Next campaign, 15% off",
            "disc": 15,
            "strtYmd": day(14),
            "endYmd": day(44),
        },
    ]
