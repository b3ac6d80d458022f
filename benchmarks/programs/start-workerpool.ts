import workerpool from 'workerpool'

workerpool.worker({ empty: () => {} })
