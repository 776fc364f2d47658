from .saving import alt as alt, save as save
