from .running import Reproduced as Reproduced, names as names, predicted as predicted, reproduce as reproduce
