from .data_file import DataFile as DataFile, write_table as write_table
from .reading import read as read
from .margins import read_margins as read_margins
