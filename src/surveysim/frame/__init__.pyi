from .telephone import TelephoneFrame as TelephoneFrame
